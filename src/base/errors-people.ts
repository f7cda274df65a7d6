/** Refusals about users, roles, scopes and passwords (管理员与角色); merged into the table of `errors.ts`. */
export const peopleErrors = {
  user_not_found: [404, "找不到该用户,或其管辖范围超出您的范围", "No such user, or his area reaches beyond yours"],
  user_beyond_you: [
    403,
    "该用户拥有您没有的权限({permission}),您不能修改他",
    "This user has a permission that you do not have ({permission}); you cannot change him",
  ],
  user_changed: [
    409,
    "“{name}”刚被其他人修改过,请核对后重新保存",
    "{name} was changed by somebody else just now; look again and save once more",
  ],
  user_own_rights: [
    409,
    "不能停用自己,也不能修改自己的角色、管辖范围和限额;请由另一位管理员操作",
    "You cannot disable yourself nor change your own roles, area and limits; another administrator can",
  ],
  user_own_password: [
    409,
    "修改自己的密码请用右上角账号菜单(需输入原密码)",
    "Change your own password in the account menu, where the old one is asked for",
  ],
  last_administrator: [
    409,
    "这样会使系统没有任何拥有全部权限、管辖全部表计且没有限额的启用管理员,未保存",
    "This would leave no active administrator with all permissions over all meters and without limits; nothing was saved",
  ],
  login_taken: [
    409,
    "账号 {login} 已被使用(不分大小写和全角半角),请换一个",
    "The user name {login} is taken (case and full width do not count); choose another",
  ],
  login_invalid: [
    400,
    "账号须为 2 到 32 个字母、数字或汉字,中间可用 . - _ @,不含空格",
    "A user name has 2 to 32 letters or digits, inside also . - _ @, and no spaces",
  ],
  role_not_found: [404, "找不到该角色,请刷新页面", "There is no such role; reload the page"],
  role_beyond_you: [
    403,
    "该角色含有您自己没有的权限({permission}),您不能授予",
    "This role has a permission that you do not have yourself ({permission}); you cannot give it",
  ],
  permission_beyond_you: [
    403,
    "您自己没有“{permission}”权限,不能授予或收回",
    "You do not have the permission {permission} yourself; you can neither give nor take it",
  ],
  roles_need_all_meters: [
    403,
    "角色对全部片区生效,只有管辖全部表计的管理员可以修改",
    "Roles hold in all areas; only an administrator over all meters may change them",
  ],
  role_fixed: [
    409,
    "“{name}”始终拥有全部权限,不能修改或删除",
    "{name} always has every permission and can be neither changed nor removed",
  ],
  role_changed: [
    409,
    "角色“{name}”刚被其他人修改过,未保存。请核对最新内容后再改",
    "The role {name} was changed by somebody else just now and nothing was saved; look at it again first",
  ],
  role_name_taken: [
    409,
    "已有名为“{name}”的角色,请换一个名称",
    "There is a role called {name} already; choose another name",
  ],
  role_in_use: [
    409,
    "角色“{name}”还有 {users} 个用户在用,不能删除。请先给他们换角色",
    "{users} users still have the role {name}; give them another before you remove it",
  ],
  scope_beyond_you: [
    403,
    "管辖范围超出您自己的范围,或其中的片区、表计已不存在",
    "The area reaches beyond your own, or something in it does not exist any more",
  ],
  password_short: [400, "密码至少 10 个字符", "A password has at least 10 characters"],
  password_plain: [
    400,
    "密码须包含大写字母、小写字母、数字、其他字符中的至少三种",
    "A password mixes at least three of capitals, small letters, digits and others",
  ],
  password_has_login: [400, "密码不能包含账号", "A password must not contain the user name"],
  password_same: [400, "新密码不能与原密码相同", "The new password is the old one"],
  password_wrong: [409, "原密码不正确,未修改", "The old password is wrong; nothing was changed"],
  password_must_change: [403, "请先修改初始密码,再继续使用", "Choose a password of your own before you go on"],
  preview_read_only: [
    403,
    "正在以他人视角预览,只能查看。请先退出预览",
    "You are looking through somebody else's eyes: nothing can be changed. Leave the preview first",
  ],
  preview_self: [409, "不必预览自己的视角", "You see with your own eyes already"],
  preview_disabled: [
    409,
    "“{name}”已停用,登录不了,没有可预览的内容",
    "{name} is disabled: there is nothing to look at",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
