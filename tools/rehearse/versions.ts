/**
 * Versions that stand in for those that are not there yet: the same sources, with another number; the older one without the last migration, which is
 * marked, the later one with a migration more, which is not.
 */
export const OLDER = "0.0.9";
export const LATER = "99.0.0";
export const UNMARKED = "9001_of_rehearsal";
