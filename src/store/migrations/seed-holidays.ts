import type { CalendarKind } from "#domain/calendar.ts";

type SeedDay = { day: string; kind: CalendarKind; name: string };

/** Holidays of 2026 with the weekends worked for them, as the State Council announced them in November 2025. */
export const holidays2026: readonly SeedDay[] = [
  ...off("元旦", "2026-01-01", 3),
  ...worked("元旦", "2026-01-04"),
  ...worked("春节", "2026-02-14"),
  ...off("春节", "2026-02-15", 9),
  ...worked("春节", "2026-02-28"),
  ...off("清明节", "2026-04-04", 3),
  ...off("劳动节", "2026-05-01", 5),
  ...worked("劳动节", "2026-05-09"),
  ...off("端午节", "2026-06-19", 3),
  ...worked("国庆节", "2026-09-20"),
  ...off("中秋节", "2026-09-25", 3),
  ...off("国庆节", "2026-10-01", 7),
  ...worked("国庆节", "2026-10-10"),
];

/** The days that the law makes holidays in 2027; which weekends are worked for them was not announced when this was written. */
export const holidays2027: readonly SeedDay[] = [
  ...off("元旦", "2027-01-01", 1),
  ...off("春节", "2027-02-05", 4),
  ...off("清明节", "2027-04-05", 1),
  ...off("劳动节", "2027-05-01", 2),
  ...off("端午节", "2027-06-09", 1),
  ...off("中秋节", "2027-09-15", 1),
  ...off("国庆节", "2027-10-01", 3),
];

function off(name: string, first: string, days: number): SeedDay[] {
  return Array.from({ length: days }, (_, i) => {
    const day = new Date(Date.parse(`${first}T00:00:00Z`) + i * 86_400_000).toISOString().slice(0, 10);
    return { day, kind: "holiday", name };
  });
}

function worked(name: string, day: string): SeedDay[] {
  return [{ day, kind: "workday", name: `${name}调休` }];
}
