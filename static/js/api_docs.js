// Draws the API's document. No validator is asked: that would send the document to another host.
const place = document.getElementById("api-docs");

window.SwaggerUIBundle({
  url: place.dataset.url,
  domNode: place,
  deepLinking: true,
  validatorUrl: null,
});
