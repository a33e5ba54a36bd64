// What this device was told to do: sounds, voice, printing. Kept in the browser, nobody else's business.

const NAME = "till.preferences";
const UNLESS_TOLD = { sound: true, voice: false, autoPrint: false, paper: 58, tender: "cash" };

export const preferences = { ...UNLESS_TOLD, ...JSON.parse(localStorage.getItem(NAME) ?? "{}") };

export function prefer(name, value) {
  preferences[name] = value;
  localStorage.setItem(NAME, JSON.stringify(preferences));
}
