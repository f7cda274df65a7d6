const LOGIN_CHARS_MAX = 32;

/**
 * A login name as it is kept and compared: without outer spaces, full-width forms (全角) as ordinary ones, in lower case. Names that look the
 * same to a person are the same user.
 */
export function loginName(typed: string): string {
  return typed.normalize("NFKC").trim().toLowerCase();
}

/** Whether a new user may be called so: letters of any script and digits, inside also dots, hyphens, underscores and @; no spaces. */
export function isLoginName(name: string): boolean {
  return name.length <= LOGIN_CHARS_MAX && name === loginName(name) && /^[\p{L}\p{N}][\p{L}\p{N}._@-]+$/u.test(name);
}
