// One column's cards: all that are loaded, in order. Only those near the screen are in the page; gaps stand for the rest.
import { compareKeys } from "./board_place.js";

const NEAR_PX = 900; // cards this far above and below the screen are in the page
const AHEAD_PX = 1200; // the next ones are fetched when the end comes this near
const GUESS_PX = 104;
const GAP_PX = 4; // between cards, as board.css has it

export class CardList {
  // keysOf(element): what a card is sorted by. onAttach(elements): they come into the page. onNearEnd(list): the reader
  // comes to the end of what is loaded.
  constructor(column, { keysOf, onAttach, onNearEnd }) {
    this.column = column;
    this.body = column.querySelector(".column-body");
    this.list = column.querySelector(".cards");
    this.more = column.querySelector(".column-more");
    this.wasScrolled = false;
    this.cards = []; // {element, code, version, keys, since, height}
    this.#keysOf = keysOf;
    this.#onAttach = onAttach;
    this.#onNearEnd = onNearEnd;
    this.body.addEventListener("scroll", () => this.#scrolled(), { passive: true });
  }

  #keysOf;
  #onAttach;
  #onNearEnd;
  #gaps = [];
  #held = null;
  #heldTop = 0;
  #kept = ""; // the code of a card that stays in the page
  #end = null; // beyond these keys nothing is loaded; null: nothing is there
  #range = [];
  #drawing = 0;

  // --- what is loaded ---

  indexOf(code) {
    return this.cards.findIndex((card) => card.code === code);
  }

  // Takes the cards of a page of this column, which come after those it has. next: the page's link to the following one.
  append(elements, next) {
    this.cards.push(...elements.map((element) => this.#read(element)));
    const last = elements.at(-1);
    if (next && last) this.#end = this.#keysOf(last);
    if (!next) this.#end = null;
    this.column.dataset.more = next ? "yes" : "no";
    if (this.more && next) this.more.setAttribute("href", next.getAttribute("href"));
    if (this.more && !next) this.more.remove();
    if (!next) this.more = null;
  }

  // Puts a card where it belongs. Returns false when that is beyond what is loaded.
  insert(element) {
    const card = this.#read(element);
    if (this.#end && compareKeys(card.keys, this.#end) > 0) return false;
    let low = 0;
    let high = this.cards.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareKeys(this.cards[middle].keys, card.keys) < 0) low = middle + 1;
      else high = middle;
    }
    this.cards.splice(low, 0, card);
    return true;
  }

  remove(code) {
    const at = this.indexOf(code);
    if (at >= 0) this.cards.splice(at, 1);
  }

  #read(element) {
    return {
      element,
      code: element.dataset.code,
      version: Number(element.dataset.version),
      keys: this.#keysOf(element),
      since: element.querySelector(".fact-owner time")?.dateTime ?? "",
      height: 0,
    };
  }

  // --- what is in the page ---

  // Remembers which cards the reader sees, and where; the next render puts the first that is left there again.
  hold() {
    this.#held = [];
    this.#heldTop = this.body.scrollTop;
    if (this.#heldTop === 0) return;
    const edge = this.body.getBoundingClientRect();
    for (const { code, element } of this.cards) {
      if (element.parentNode !== this.list) continue;
      const { top, bottom } = element.getBoundingClientRect();
      if (bottom > edge.top && top < edge.bottom) this.#held.push({ code, element, top: top - edge.top });
    }
  }

  // Takes over the place of the list that this one stands for from now on, as that one held it before it left the page.
  standFor(old) {
    const heights = new Map(old.cards.map((card) => [card.code, card.height]));
    for (const card of this.cards) card.height = heights.get(card.code) ?? 0;
    this.wasScrolled = old.wasScrolled;
    this.#held = old.#held;
    this.render();
    if (old.#held.length && !this.#anchor(old.#held)) this.body.scrollTop = old.#heldTop;
  }

  // Brings the card into the page wherever it is; returns its element.
  attach(code) {
    this.#kept = code;
    this.hold();
    this.render();
    return this.cards[this.indexOf(code)]?.element ?? null;
  }

  // Scrolls to the card; returns its element.
  reveal(code) {
    const at = this.indexOf(code);
    if (at < 0) return null;
    const { element } = this.cards[at];
    if (element.parentNode !== this.list) {
      this.body.scrollTop = this.#offsets()[at] - this.body.clientHeight / 2;
      this.#held = [];
      this.render();
    }
    element.scrollIntoView({ block: "nearest", inline: "nearest" });
    return element;
  }

  // Puts the cards near the screen into the page and takes the others out; what the reader sees stays where it is.
  render() {
    if (!this.#held) this.hold();
    const held = this.#held;
    this.#held = null;
    this.#measure();
    const offsets = this.#offsets();
    const anchor = this.#anchor(held);
    const inset = this.list.offsetTop - this.body.offsetTop;
    const top = anchor ? offsets[this.indexOf(anchor.code)] + inset - anchor.top : this.body.scrollTop;
    const [first, last] = (this.#range = this.#near(offsets, top));
    const pinned = this.#pinned();
    const fresh = this.#arrange((card, index) => (index >= first && index <= last) || pinned.has(card), offsets);
    if (fresh.length) this.#onAttach(fresh);
    if (anchor) {
      const now = this.cards[this.indexOf(anchor.code)].element.getBoundingClientRect().top;
      this.body.scrollTop += now - this.body.getBoundingClientRect().top - anchor.top;
    }
    this.#lookAhead();
  }

  #scrolled() {
    this.wasScrolled = true;
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      const [first, last] = this.#near(this.#offsets(), this.body.scrollTop);
      if (first !== this.#range[0] || last !== this.#range[1]) this.render();
      else this.#lookAhead();
    });
  }

  #lookAhead() {
    if (!this.more || !this.body.clientHeight) return;
    const left = this.body.scrollHeight - this.body.scrollTop - this.body.clientHeight;
    // Where what is loaded does not fill the column, as when much of it was moved away, nobody can scroll.
    if (this.wasScrolled ? left < AHEAD_PX : left <= 0) this.#onNearEnd(this);
  }

  #measure() {
    for (const card of this.cards) if (card.element.parentNode === this.list) card.height = card.element.offsetHeight || card.height;
  }

  // Where each card begins, and where the last one ends, in px; heights that were never seen are guessed.
  #offsets() {
    const known = this.cards.filter((card) => card.height);
    const guess = known.length ? known.reduce((sum, card) => sum + card.height, 0) / known.length : GUESS_PX;
    const offsets = [0];
    for (const card of this.cards) offsets.push(offsets.at(-1) + (card.height || guess) + GAP_PX);
    return offsets;
  }

  #near(offsets, top) {
    const bottom = top + this.body.clientHeight + NEAR_PX;
    let first = 0;
    while (first < this.cards.length - 1 && offsets[first + 1] < top - NEAR_PX) first += 1;
    let last = first;
    while (last < this.cards.length - 1 && offsets[last + 1] < bottom) last += 1;
    return [first, last];
  }

  // The cards that stay in the page although they are far away: the one with the focus, and where text is selected.
  #pinned() {
    const selection = document.getSelection();
    const isUsed = ({ element, code }) =>
      code === this.#kept || element.contains(document.activeElement) || (!selection.isCollapsed && selection.containsNode(element, true));
    const pinned = new Set(this.cards.filter((card) => (card.element.isConnected || card.code === this.#kept) && isUsed(card)));
    this.#kept = "";
    return pinned;
  }

  // What the reader sees first and is still here, rather as it was than changed.
  #anchor(held) {
    const present = new Map(this.cards.map((card) => [card.code, card.element]));
    const left = held.filter(({ code }) => present.has(code));
    return left.find(({ code, element }) => present.get(code) === element) ?? left[0] ?? null;
  }

  // Makes the list hold the wanted cards, with gaps between. No card that stays is moved: it would lose the focus.
  #arrange(isWanted, offsets) {
    const children = [];
    const fresh = [];
    let gaps = 0;
    const size = String(this.more ? -1 : this.cards.length);
    for (let index = 0; index < this.cards.length; index += 1) {
      const { element } = this.cards[index];
      if (isWanted(this.cards[index], index)) {
        if (element.parentNode !== this.list) fresh.push(element);
        if (element.ariaPosInSet !== String(index + 1)) element.ariaPosInSet = String(index + 1);
        if (element.ariaSetSize !== size) element.ariaSetSize = size;
        children.push(element);
        continue;
      }
      let end = index + 1;
      while (end < this.cards.length && !isWanted(this.cards[end], end)) end += 1;
      const gap = (this.#gaps[gaps] ??= this.#makeGap());
      gaps += 1;
      gap.style.height = `${offsets[end] - offsets[index] - GAP_PX}px`;
      children.push(gap);
      index = end - 1;
    }
    for (const gap of this.#gaps) gap.remove();
    const kept = new Set(children);
    for (const child of [...this.list.children]) if (!kept.has(child)) child.remove();
    let here = this.list.firstElementChild;
    for (const child of children) {
      if (child === here) here = here.nextElementSibling;
      else this.list.insertBefore(child, here);
    }
    return fresh;
  }

  #makeGap() {
    const gap = document.createElement("li");
    gap.className = "cards-gap";
    gap.ariaHidden = "true";
    return gap;
  }
}
