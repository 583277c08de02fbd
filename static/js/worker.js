/* The service worker: a member of staff reads the own units' routines without a network.

   It keeps what /rutiner/offline.json lists and nothing else, asks the network first, always, and answers with what it
   keeps only when no answer comes. It touches no POST, no script and no request of a page's own script. The server puts
   VERSION and KEPT_SECONDS above this line (jarfalla/views/offline.py). */

const PREFIX = "portalen-";
const OURS = `${PREFIX}${VERSION}-`; // and then whose: a cache has one reader
const LIST = "/rutiner/offline.json";
const START = "/offline/";
const TAG = "X-Copy-Tag";
const LOOSELY = { ignoreSearch: true, ignoreVary: true };
const FILES = ["style", "font", "image"];
const GONE = [401, 403, 404, 410];
const DOWN = [502, 503, 504];
const PATIENCE = 10_000; // milliseconds

const copies = new Set(); // the windows that show one
let last = Promise.resolve();

self.addEventListener("install", (event) => {
  // Filled before the old version's cache goes: whoever loses the network in between still has something to read.
  event.waitUntil(inTurn(refresh).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forget((name) => !name.startsWith(OURS)).then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
  if (event.data === "forget") event.waitUntil(inTurn(() => forget(() => true)));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (FILES.includes(request.destination)) event.respondWith(file(event));
});

/* What the network says; what is kept, when it says nothing. Every contact is also the moment to tidy up. */
async function page(event) {
  const { request } = event;
  let answer;
  try {
    answer = await Promise.race([fetch(request), afterWaiting(request)]);
    if (DOWN.includes(answer.status)) answer = (await kept(request)) || answer;
  } catch (failure) {
    answer = (await kept(request)) || (await kept(START));
    if (!answer) throw failure;
  }
  if (answer.headers.has(TAG)) {
    copies.add(event.resultingClientId);
    return answer;
  }
  if (answer.type === "opaqueredirect" || GONE.includes(answer.status)) await drop(request);
  // A contact that breaks off leaves things as they were; the next one tidies up.
  event.waitUntil(inTurn(refresh).catch(() => {}));
  return answer;
}

/* A network that is there but says nothing, as in a cellar: the copy, where one is kept; else go on waiting. */
async function afterWaiting(request) {
  await new Promise((done) => setTimeout(done, PATIENCE));
  return (await kept(request)) || new Promise(() => {});
}

/* A copy takes its files from what is kept, every other page from the network. */
async function file(event) {
  const { request } = event;
  if (copies.has(event.clientId)) {
    const copy = await kept(request);
    if (copy) return copy;
  }
  try {
    return await fetch(request);
  } catch (failure) {
    const copy = await kept(request);
    if (copy) return copy;
    throw failure;
  }
}

/* The copy of an address, unless it is older than a sign-in may be. */
async function kept(request) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(OURS)) continue;
    const copy = await (await caches.open(name)).match(request, LOOSELY);
    const age = copy && (Date.now() - Date.parse(copy.headers.get("Date"))) / 1000;
    if (copy && !(copy.headers.has(TAG) && age > KEPT_SECONDS)) return copy;
  }
  return undefined;
}

async function drop(request) {
  for (const name of await caches.keys()) await (await caches.open(name)).delete(request, LOOSELY);
}

async function forget(isToGo) {
  const names = await caches.keys();
  await Promise.all(names.filter(isToGo).map((name) => caches.delete(name)));
}

/* Keep exactly what the list says: throw away first, fetch then. */
async function refresh() {
  const answer = await ask(LIST);
  // Nobody is signed in any more, or has nothing to keep.
  if (isGone(answer)) return forget(() => true);
  if (!answer.ok || !(answer.headers.get("Content-Type") || "").startsWith("application/json")) return undefined;
  const list = await answer.json();
  await forget((name) => !name.endsWith(`-${list.reader}`));
  const cache = await caches.open(OURS + list.reader);
  const wanted = [...list.files, ...list.pages.map((row) => row.address)];
  const addresses = new Set(wanted.map((address) => new URL(address, self.location.href).href));
  for (const request of await cache.keys()) {
    if (addresses.has(request.url)) continue;
    await cache.delete(request);
    await cache.delete(START); // it names what is gone now, and is fetched anew at once
  }
  for (const row of list.pages) await keepPage(cache, row);
  for (const address of list.files) await keepFile(cache, address);
  return undefined;
}

async function keepPage(cache, row) {
  const old = await cache.match(row.address, LOOSELY);
  if (old && old.headers.get(TAG) === row.tag) return;
  const copy = await ask(row.copy);
  if (copy.status === 200 && copy.headers.has(TAG)) await cache.put(row.address, copy);
  else if (isGone(copy)) await cache.delete(row.address, LOOSELY);
}

async function keepFile(cache, address) {
  if (await cache.match(address, LOOSELY)) return;
  const found = await fetch(address);
  if (found.ok) await cache.put(address, found);
}

function ask(address) {
  return fetch(address, { credentials: "same-origin", redirect: "manual", cache: "no-store" });
}

function isGone(answer) {
  return answer.type === "opaqueredirect" || GONE.includes(answer.status);
}

/* One after the other: two contacts at once would undo each other's work. */
function inTurn(work) {
  last = last.then(work, work);
  return last;
}
