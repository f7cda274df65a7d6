/** Refusals of backup, restore and quarantine (备份、恢复、隔离); merged into the table of `errors.ts`. */
export const safekeepingErrors = {
  backup_foreign: [400, "{file} 不是集抄的备份文件", "{file} is not a backup of Jichao"],
  backup_damaged: [
    409,
    "备份 {file} 已损坏或不完整({what})。请使用另一份备份",
    "The backup {file} is damaged or cut short ({what}); use another one",
  ],
  backup_wrong_key: [
    403,
    "口令或密钥文件不对,无法打开备份 {file}",
    "The passphrase or key file is not the one that the backup {file} was made with",
  ],
  backup_key_missing: [
    400,
    "备份 {file} 已加密:请用 --key-file 给出制作时的密钥文件",
    "The backup {file} is encrypted: name the key file that it was made with (--key-file)",
  ],
  backup_key_weak: [
    400,
    "密钥文件 {file} 太短:至少 16 个字符。可用 openssl rand -base64 32 生成",
    "The key file {file} is too short: at least 16 characters. Make one by openssl rand -base64 32",
  ],
  backup_newer: [
    409,
    "备份来自更新的版本(含本版本不认识的 {migration})。请先升级程序",
    "The backup comes from a newer version (it has {migration}, unknown here); upgrade the program first",
  ],
  backup_not_itself: [
    500,
    "备份写出后未通过校验({what}),已删除。请检查磁盘后重试",
    "The backup did not pass its check after it was written ({what}) and was removed; check the disk and try again",
  ],
  backup_of_another: [
    409,
    "备份 {file} 不是这个数据库的:其中的收款 {payment} 在数据库里找不到。未作任何改动",
    "The backup {file} is not of this database: its payment {payment} is not there. Nothing was changed",
  ],
  restore_target_not_empty: [
    409,
    "目标数据库 {target} 不是空的,未作任何改动。请指定一个新的空库",
    "The target database {target} is not empty; nothing was changed. Name a new, empty one",
  ],
  restore_unfinished: [
    409,
    "数据库里有一次未完成的恢复。请重新运行 jichao restore,或换一个空库",
    "A restore into this database has not finished: run jichao restore again, or use an empty database",
  ],
  database_newer: [
    409,
    "数据库已由更新的版本({version})升级,含本版本({here})不认识的步骤 {migration}。为免记错账,本版本不在它上面运行。请启动新版本;要回到旧版本,请用新版本执行 jichao release rollback(运维手册第 7 节)",
    "The database was upgraded by a newer version ({version}): this one ({here}) does not know its step {migration} and does not run on it, so that no money is booked wrongly. Start the newer version; to go back, run jichao release rollback with it (operations manual, section 7)",
  ],
  database_left_behind: [
    409,
    "这个数据库已留下不用:正在退回旧版本,用的是从备份恢复的新库。为免在这里继续收款,任何程序都不在它上面运行。请重新运行 jichao release rollback;仍要用它和新版本,请执行 jichao release stay(运维手册第 7 节)",
    "This database was left behind for one restored from a backup, on the way back to an older version. No program runs on it, so that no more money is taken here. Run jichao release rollback again; to keep it and the newer version, run jichao release stay (operations manual, section 7)",
  ],
  quarantine_none: [409, "系统不在隔离状态", "The system is not in quarantine"],
  quarantine_meter_done: [
    409,
    "该表计已解除隔离,无需再处理。请刷新页面",
    "This meter is not in quarantine any more; reload the page",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
