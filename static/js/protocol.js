/* Keeps a protocol while it is typed, a moment after the fingers rest. Whatever goes wrong, the text stays on the page
   and a sentence says what happened. Without this script the button "Spara utkast" does the same. */
const PAUSE = 1500; // ms without typing before it is kept
const RETRY = 5_000; // ms until it is tried again when the portal could not be reached
const ROOM = 50_000; // letters that a request may have to outlive its page: browsers stop at 64 KB with all around them

const form = document.querySelector("form[data-keep]");
const words = form.dataset;
const status = form.querySelector("[data-status]");
const seen = form.elements.seen;

// The token is renewed when somebody signs in again, in another tab perhaps; the cookie has the new one.
const signed = form.elements.csrfmiddlewaretoken;
const token = () => /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? signed.value;

// What signs the form and says which draft it knows is no text of anybody's.
const textOf = () => {
  const data = new FormData(form);
  for (const name of ["csrfmiddlewaretoken", "seen"]) data.delete(name);
  return new URLSearchParams(data).toString();
};
// After a refusal the page shows what was typed, which is kept nowhere yet.
let kept = document.querySelector(".error-summary") ? "" : textOf();
let timer;
let sending;
let asks = false; // somebody else's draft is there, and the writer has not said which one holds
let away = false; // the portal can't be reached, or does not know the writer: the form would go the same way
let leaving = false;

const tell = (sentence, isWrong = false) => {
  status.classList.toggle("is-wrong", isWrong);
  status.textContent = sentence;
};

const stop = (sentence, link = "") => {
  away = true;
  tell(sentence, true);
  if (link) {
    const anchor = document.createElement("a");
    Object.assign(anchor, { href: link, target: "_blank", rel: "noopener", textContent: words.signIn });
    status.append(" ", anchor);
  }
};

const button = (label, press) => {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "btn btn-outline-primary btn-sm", textContent: label });
  made.addEventListener("click", press);
  return made;
};

const plan = (wait = PAUSE) => {
  clearTimeout(timer);
  timer = setTimeout(() => keep(), wait); // Firefox hands over how late it is
};

const ask = (data) => {
  asks = true;
  tell(data.sentence, true);
  const keepMine = button(words.keepMine, () => {
    asks = false;
    seen.value = data.seen;
    keep();
  });
  const loadTheirs = button(words.loadTheirs, () => {
    leaving = true;
    location.replace(form.action); // the page may be the answer to a form, and to load that again is to send it again
  });
  const choices = document.createElement("span");
  choices.className = "protocol__choices";
  choices.append(keepMine, " ", loadTheirs);
  status.append(choices);
};

const answered = async (answer, sent) => {
  if (answer.type === "opaqueredirect") return stop(words.signedOut, words.signInUrl);
  if (answer.status === 403 || answer.status === 404) return stop(words.forbidden);
  if (![200, 409, 422].includes(answer.status)) throw new Error(answer.statusText);
  const data = await answer.json();
  away = false;
  if (answer.status === 409) return ask(data);
  if (answer.status === 422) return tell(data.sentence, true);
  seen.value = data.seen;
  kept = sent;
  tell(data.sentence);
  if (textOf() !== kept) plan();
  return undefined;
};

const post = (keepalive) => {
  const body = new FormData(form);
  body.delete(signed.name); // it would hold before the header
  const headers = { "X-CSRFToken": token() };
  return fetch(words.keep, { method: "POST", body, headers, redirect: "manual", credentials: "same-origin", keepalive });
};

const keep = (isGoing = false) => {
  clearTimeout(timer);
  const sent = textOf();
  if (sending && isGoing) sending.then(() => keep(true)); // it left without the last words
  if (sending || asks || leaving || sent === kept) return sending;
  sending = post(isGoing && sent.length < ROOM)
    .then((answer) => answered(answer, sent))
    .catch(() => {
      stop(words.gone);
      plan(RETRY);
    })
    .finally(() => { sending = undefined; });
  return sending;
};

// On a telephone what the portal knows would stand a whole screen before the first question: one press shows it.
if (matchMedia("(max-width: 61.99rem)").matches) document.querySelector("[data-known]").open = false;

form.addEventListener("input", () => {
  leaving = false;
  plan();
});
for (const back of ["online", "focus"]) {
  window.addEventListener(back, () => {
    if (away) keep();
  });
}
document.addEventListener("visibilitychange", () => {
  const isHidden = document.visibilityState === "hidden";
  if (away || isHidden) keep(isHidden);
});
// While the browser asks whether to leave, the words are on their way: what a page says on its last breath passes the
// service worker (worker.js), and is lost there together with the page.
window.addEventListener("beforeunload", (event) => {
  if (leaving || textOf() === kept) return;
  event.preventDefault();
  keep(true);
});

// The browser may show the page as it was left.
window.addEventListener("pageshow", () => { leaving = false; });

const letGo = () => {
  signed.value = token();
  leaving = true;
};

// What is typed is kept before the form goes, and the form then knows the draft that is kept last.
form.addEventListener("submit", async (event) => {
  clearTimeout(timer);
  if (leaving) return;
  if (!sending && (asks || textOf() === kept)) {
    letGo();
    return;
  }
  event.preventDefault();
  await sending;
  await keep();
  clearTimeout(timer);
  if (leaving) return; // the button was pressed twice
  if (away) {
    status.scrollIntoView({ block: "center" });
    return;
  }
  letGo();
  form.requestSubmit(event.submitter);
});
