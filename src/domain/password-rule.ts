/** Fewest and most characters of a password that people choose. */
export const PASSWORD_CHARS_MIN = 10;
export const PASSWORD_CHARS_MAX = 128;
const CLASSES_MIN = 3;

/** Why a password is not taken; null when it is good. */
export type PasswordFault = "short" | "plain" | "login" | null;

/**
 * Judges a password that somebody chose (GB/T 22239-2019 7.1.4.1): at least ten characters, three of the four kinds (upper, lower case,
 * digits, others; letters of other scripts count as others), and not the login name inside.
 */
export function passwordFault(password: string, login: string): PasswordFault {
  if ([...password].length < PASSWORD_CHARS_MIN) return "short";
  const classes = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9\s]/].filter((each) => each.test(password)).length;
  if (classes < CLASSES_MIN) return "plain";
  return login.length >= 3 && password.toLowerCase().includes(login.toLowerCase()) ? "login" : null;
}
