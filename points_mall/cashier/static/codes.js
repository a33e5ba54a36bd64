// Numbers with a check digit, as the server makes and reads them. Pure but for the dice.

const RECEIPT = "89";
const RANDOM_DIGITS = 17;

// The check digit of ISO/IEC 7812-1 (Luhn): finds every single wrong digit.
export function checkDigit(digits) {
  const doubled = (digit) => (digit > 4 ? 2 * digit - 9 : 2 * digit);
  const sum = [...digits].reverse().reduce((total, digit, place) => total + (place % 2 === 0 ? doubled(Number(digit)) : Number(digit)), 0);
  return String((10 - (sum % 10)) % 10);
}

// What may be a member's: a live code (18 digits from 88) or the number on the card, without a slip.
export const mayBeMember = (digits) => /^\d{8,18}$/.test(digits) && checkDigit(digits.slice(0, -1)) === digits.at(-1);

function randomDigits(count) {
  let digits = "";
  while (digits.length < count) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < 250) digits += byte % 10; // every digit as likely as the next
  }
  return digits;
}

// The code of a receipt that this device gives out by itself: claimed later, once.
export function newReceiptCode() {
  const digits = RECEIPT + randomDigits(RANDOM_DIGITS);
  return digits + checkDigit(digits);
}
