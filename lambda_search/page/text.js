// How numbers, prices and similarities are written: in the catalogue's currency, the reader's way.

const LANGUAGES = navigator.languages?.length ? navigator.languages : undefined;
const WHOLE = new Intl.NumberFormat(LANGUAGES);
const PERCENT = new Intl.NumberFormat(LANGUAGES, { style: "percent" });
const COSINE = new Intl.NumberFormat(LANGUAGES, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const DAY = new Intl.DateTimeFormat(LANGUAGES, { dateStyle: "medium" });

export const whole = (number) => WHOLE.format(number);
export const percent = (share) => PERCENT.format(share);
export const cosine = (similarity) => COSINE.format(similarity);
export const day = (time) => DAY.format(new Date(time));
const SMALL = new Intl.NumberFormat(LANGUAGES, { maximumSignificantDigits: 2 });
const LARGE = new Intl.NumberFormat(LANGUAGES, { maximumFractionDigits: 1 });
export const milliseconds = (ms) => `${(ms < 1 ? SMALL : LARGE).format(ms)} ms`;
export const plural = (number, thing) => `${whole(number)} ${thing}${number === 1 ? "" : "s"}`;
export const holds = ({ photos, listings }) => `${plural(photos, "photo")} of ${plural(listings, "listing")}`;
export const photoUrl = (path) => path.slice(1); // relative, since a stage or a proxy may stand before it

/** Whole amounts without decimals; an unknown currency is written as it is. */
export function money(amount, currency) {
  const digits = Number.isInteger(amount) ? { maximumFractionDigits: 0 } : {};
  try {
    return new Intl.NumberFormat(
      LANGUAGES,
      currency ? { style: "currency", currency, ...digits } : digits,
    ).format(amount);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `${whole(amount)} ${currency}`;
  }
}

export function price(listing) {
  if (listing.price_status === "free") return "Free";
  if (listing.price === null) return "No price";
  const text = money(listing.price, listing.currency);
  return listing.price_status === "suspicious" ? `${text} (unusual)` : text;
}

const WORDS = ["Little alike", "Somewhat alike", "Alike", "Very alike"];
const FROM_PROBABILITY = [0.3, 0.6, 0.85]; // of the same category, which is calibrated
const FROM_COSINE = [0.4, 0.6, 0.8]; // where the release knows no probabilities

export function alike(found) {
  const probability = found.same_category_probability;
  const [value, bounds] =
    probability === null ? [found.similarity, FROM_COSINE] : [probability, FROM_PROBABILITY];
  return WORDS[bounds.filter((bound) => value >= bound).length];
}

/** Whether it is more likely than not the very item; null where the release does not know. */
export function sameItem(found) {
  return found.same_item_probability === null ? null : found.same_item_probability >= 0.5;
}
