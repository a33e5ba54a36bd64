// What this device keeps: its key, which till it is, who signed in last, and the sales that wait for the line.

const NAME = "till";
const VERSION = 1;
let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("kept");
      request.result.createObjectStore("sales", { keyPath: "receipt_no" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function within(store, mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode, { durability: "strict" });
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

export const kept = (name) => within("kept", "readonly", (store) => store.get(name));
export const keep = (name, value) => within("kept", "readwrite", (store) => store.put(value, name));
export const forget = (name) => within("kept", "readwrite", (store) => store.delete(name));

export const sales = () => within("sales", "readonly", (store) => store.getAll());
export const keepSale = (sale) => within("sales", "readwrite", (store) => store.put(sale));
export const dropSale = (receiptNo) => within("sales", "readwrite", (store) => store.delete(receiptNo));

// The next number of this device's own count, taken in one transaction so that two tabs never share one.
export async function nextCount() {
  let next = 0;
  await within("kept", "readwrite", (store) => {
    const request = store.get("count");
    request.onsuccess = () => {
      next = (request.result ?? 0) + 1;
      store.put(next, "count");
    };
    return request;
  });
  return next;
}
