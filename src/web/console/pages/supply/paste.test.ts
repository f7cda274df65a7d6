import { expect, test } from "vitest";
import { pastedDays } from "./paste.ts";

test("days are read as notices and sheets write them", () => {
  expect(pastedDays("2027-02-05 休 春节\n2027/2/20\t班\t春节调休\n\n2027年10月8日 平\r\n2027.1.1,休,元旦")).toEqual({
    days: [
      { day: "2027-02-05", kind: "holiday", name: "春节", provisional: false },
      { day: "2027-02-20", kind: "workday", name: "春节调休", provisional: false },
      { day: "2027-10-08", kind: null, name: "", provisional: false },
      { day: "2027-01-01", kind: "holiday", name: "元旦", provisional: false },
    ],
    bad: [],
  });
});

test("every line that cannot be understood is named, the others are kept", () => {
  const { days, bad } = pastedDays("春节\n2027-02-30 休\n2027-02-05 也许\n2027-02-06 休\n27-02-07 休");
  expect(bad).toEqual([1, 2, 3, 5]);
  expect(days.map((each) => each.day)).toEqual(["2027-02-06"]);
});
