/** Refusals of the reconciliation (对账); merged into the table of `errors.ts`. */
export const reconcileErrors = {
  difference_not_found: [404, "找不到该差异,或它不在您的管辖范围内", "No such difference, or it is outside your area"],
  difference_ended: [
    409,
    "该差异已有处理结果,未再记账。请刷新页面",
    "This difference has been dealt with already; nothing was booked. Reload the page",
  ],
  difference_changed: [
    409,
    "表计或账面数据已有变化,未记账。请重新对账后再处理",
    "The meter or the books have changed since; nothing was booked. Reconcile again and look at it anew",
  ],
  difference_not_correctable: [
    409,
    "这类差异不能直接冲正,请按提示到相应页面处理",
    "This kind of difference cannot be corrected here; deal with it on the page that it names",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
