"""A small set of labelled requests, as a desk that has just begun would have it: ten for each of four labels."""

REQUESTS = {
    "support": [
        "My parcel has not arrived yet, order KC-1042",
        "Where is my order KC-2211? It should have been here on Monday",
        "The kettle I received is broken, I want my money back",
        "Refund please, the mug was cracked when I opened the box",
        "I was charged twice for order KC-3001",
        "How do I clean the limescale in my kettle?",
        "The lid of my teapot does not close",
        "Please cancel my order KC-1999",
        "I got the wrong colour, can I exchange it?",
        "My tracking number does not work",
    ],
    "marketing": [
        "Write a newsletter about the new Aurora kettle",
        "We need three social posts for the summer tea sale",
        "Draft a product description for the cast iron teapot",
        "Can you come up with a slogan for the travel mug",
        "Ad copy for the autumn campaign please",
        "Write a blog post on how to brew green tea",
        "Instagram caption for the glass kettle photo",
        "Launch email for the new mug collection",
        "Short video script about our pour over set",
        "Press release for our new store opening",
    ],
    "reporting": [
        "Sales figures for last month by region",
        "How many kettles did we sell in March?",
        "I need a weekly revenue report",
        "Compare returns in Q1 with Q2",
        "Which product had the most refunds this year?",
        "Show me the conversion rate for April",
        "Average order value for the last 30 days",
        "Report on customer complaints per product for May",
        "Monthly margin per category",
        "Top ten products by units sold last quarter",
    ],
    "website": [
        "Update the opening hours on the contact page",
        "The image on the Aurora product page is broken",
        "Add a page about our recycling programme",
        "Change the SEO title of the teapots page",
        "Publish the new FAQ page",
        "The link to shipping information gives a 404",
        "Replace the banner on the home page",
        "Add a size chart to the mug page",
        "Fix the typo on the about us page",
        "Put the new photo on the landing page",
    ],
}
TEXTS = [text for texts in REQUESTS.values() for text in texts]
LABELS = [label for label, texts in REQUESTS.items() for _ in texts]

STRANGERS = [
    "What is the weather tomorrow",
    "Tell me a joke",
    "Who won the match yesterday",
    "Book me a flight to Rome",
    "Are you a robot",
    "Can you lend me some money",
    "What is the meaning of life",
    "Play some music",
]
OUTSIDE = "none"
