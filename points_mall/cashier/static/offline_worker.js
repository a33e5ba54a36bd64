// Keeps the till's page and its files on the device, so that it opens while the line is down. What is kept is
// one version, whole; the next version is fetched beside it and takes over together. Calls of the API are never
// kept and never answered from here. `KEPT` (the version and the files) is written before this by the server.

const CACHE = `till-${self.KEPT.version}`;
const PAGE = "/pos";
const PAGE_WITHIN_MS = 3000;

const keepAll = async () => {
  const cache = await caches.open(CACHE);
  await cache.addAll([PAGE, ...self.KEPT.files]);
  await self.skipWaiting();
};

const dropOthers = async () => {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("till-") && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
};

async function page(request) {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(PAGE_WITHIN_MS) });
  } catch (error) {
    const kept = await caches.match(PAGE, { cacheName: CACHE });
    if (!kept) throw error;
    return kept;
  }
}

const file = async (request) => (await caches.match(request)) ?? fetch(request);

self.addEventListener("install", (event) => event.waitUntil(keepAll()));
self.addEventListener("activate", (event) => event.waitUntil(dropOthers()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && pathname === PAGE) event.respondWith(page(request));
  else if (pathname.startsWith("/pos/assets/") || pathname.startsWith("/static/")) event.respondWith(file(request));
});
