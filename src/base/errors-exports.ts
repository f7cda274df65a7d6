/** Refusals about files that are made in the background (导出任务); merged into the table of `errors.ts`. */
export const exportErrors = {
  export_in_background: [
    409,
    "共 {rows} 行,超过直接下载的 {max} 行上限,请转为后台导出",
    "{rows} rows are more than the {max} that are downloaded at once; make the file in the background",
  ],
  export_not_found: [404, "找不到该导出任务", "There is no such export"],
  export_key_conflict: [
    409,
    "该请求编号已用于另一个导出,请刷新页面后重试",
    "This key was used for another export; reload the page and try again",
  ],
  export_too_many: [
    409,
    "您已有 {max} 个导出任务在排队或进行中,请等它们完成或先取消",
    "You have {max} exports waiting or under way already; let them end or cancel some",
  ],
  export_not_done: [409, "文件还没有做好", "The file is not ready yet"],
  export_not_open: [409, "该任务已结束,不能再取消", "The export has ended and cannot be cancelled any more"],
  export_not_repeatable: [
    409,
    "该任务尚未结束,或文件还在,不必重做",
    "The export is under way or its file is there; it need not be made again",
  ],
  export_expired: [410, "文件已过期并删除,请重新导出", "The file has expired and was removed; make it again"],
  export_gone: [
    410,
    "文件不在本服务器上(已被清理,或由另一台服务器生成),请重新导出",
    "The file is not on this server (removed, or made by another server); make it again",
  ],
  export_scope_changed: [
    409,
    "文件生成后您的管辖范围有变,文件不再提供,请重新导出",
    "Your area has changed since the file was made, so it is not handed out; make it again",
  ],
  export_not_permitted: [
    403,
    "读取数据时您已没有该报表的权限,未导出任何数据",
    "When the rows were to be read you no longer had the permission for this report; nothing was exported",
  ],
  export_disk_full: [
    507,
    "服务器导出目录空间不足(上限 {mb} MB),请删除旧任务,或请管理员调大 JICHAO_EXPORT_MB",
    "The server has no room for exports left (limit {mb} MB); remove old ones or have JICHAO_EXPORT_MB raised",
  ],
  export_share_full: [
    507,
    "您的导出文件已占满个人份额({mb} MB),请先删除不再需要的",
    "Your exports fill your share of {mb} MB; remove those that you do not need any more",
  ],
  export_failed: [
    500,
    "导出多次失败,请重试;再失败请联系管理员查看日志",
    "The export failed several times; try again, then let an administrator look at the log",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
