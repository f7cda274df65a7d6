/** Refusals about moving areas (片区); merged into the table of `errors.ts`. */
export const areaErrors = {
  area_is_top: [
    409,
    "最上层片区(或您辖区的最上层)不能移动",
    "The top of a project, or of your own area, cannot be moved",
  ],
  area_in_itself: [
    409,
    "“{name}”不能移到自己或自己的下级之下",
    "“{name}” cannot be moved below itself or what lies below it",
  ],
  area_name_taken: [
    409,
    "“{parent}”下已有名为“{name}”的片区",
    "There is an area called “{name}” below “{parent}” already",
  ],
  area_too_deep: [409, "片区最多 {max} 级", "Areas have {max} levels at most"],
} as const;
