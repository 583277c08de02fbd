/* Lets whoever is signed in read the own routines without a network (worker.js), and takes everything away from the
   phone when nobody is signed in any more. Without this, or in a browser that can't, the portal needs a network. */
(() => {
  if (!("serviceWorker" in navigator && "caches" in window)) return;
  const { reader } = document.currentScript.dataset;

  async function forget() {
    // Chromium keeps the tab's own storage when Clear-Site-Data says that storage goes.
    sessionStorage.clear();
    localStorage.clear();
    for (const name of await caches.keys()) await caches.delete(name);
    for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
  }

  if (reader === "in") {
    // A browser that refuses, in a private window for instance, still shows the portal.
    navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" }).catch(() => {});
    document.addEventListener("submit", (event) => {
      if (!event.target.matches("[data-sign-out]")) return;
      // Also when the answer never comes, because there is no network.
      navigator.serviceWorker.controller?.postMessage("forget");
    });
  } else if (reader === "out") {
    forget().catch(() => {});
  }
})();
