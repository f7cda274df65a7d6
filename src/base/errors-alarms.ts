/** Refusals about alarms (报警); merged into the table of `errors.ts`. */
export const alarmErrors = {
  alarm_not_found: [404, "找不到该报警,或它不在您的管辖范围内", "No such alarm, or it is outside your area"],
  alarm_visited: [
    409,
    "{by}已登记过现场结果,您的填写未保存",
    "{by} has recorded a visit already; what you entered was not saved",
  ],
  alarm_note_required: [400, "请填写现场情况", "Tell what was found on site"],
  photo_unreadable: [422, "照片无法识别:请选择 JPEG 或 PNG 图片", "This is no photo: choose a JPEG or PNG picture"],
  photo_too_large: [422, "照片超过 {mb} MB,请缩小后再选", "The photo is larger than {mb} MB; make it smaller first"],
} as const;
