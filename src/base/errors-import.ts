/** Refusals of the import of archives (档案导入): of whole files, and of single cells; merged into the table of `errors.ts`. */
export const importErrors = {
  import_file_large: [
    413,
    "文件超过 {mib} MiB。请拆成几个文件,或删去图片和无关工作表后再传",
    "The file is larger than {mib} MiB; split it, or remove pictures and other sheets",
  ],
  import_file_bomb: [
    422,
    "文件解压后过大,已拒绝。请新建一份模板,只粘贴数据(值)后再传",
    "Unpacked, the file would be far too large and was refused; paste only the data (values) into a fresh template",
  ],
  import_file_broken: [
    422,
    "文件已损坏或不完整。请用 Excel 或 WPS 打开后另存为 .xlsx,再传一次",
    "The file is damaged or incomplete; open it in Excel or WPS, save it as .xlsx and upload it again",
  ],
  import_file_old: [
    422,
    "这是旧版 .xls,或设有打开密码的文件(只改扩展名没有用)。请用 Excel 或 WPS 打开,去掉密码,另存为“Excel 工作簿 (.xlsx)”",
    "This is an old .xls file or has a password (renaming does not help); open it in Excel or WPS, remove the password and save it as “Excel Workbook (.xlsx)”",
  ],
  import_file_csv: [
    422,
    "这是文本文件(CSV),不是 Excel 工作簿。请下载模板,把数据粘贴进去;长数字列请先设为“文本”,以免丢失前导零",
    "This is a text file (CSV), not an Excel workbook; download the template and paste the data into it, long numbers into columns set to “Text” so that leading zeros stay",
  ],
  import_file_not_excel: [
    422,
    "这不是 Excel 工作簿。请下载模板,填好后上传 .xlsx 文件",
    "This is not an Excel workbook; download the template, fill it in and upload the .xlsx file",
  ],
  import_rows_many: [
    422,
    "文件超过 {max} 行。请拆成几个文件,分别导入",
    "The file has more than {max} rows; split it into several and import one after the other",
  ],
  import_meters_many: [
    422,
    "文件共 {meters} 只表(数量列合计),超过 {max} 只。请拆成几个文件,分别导入",
    "The file has {meters} meters (the sum of the counts), more than {max}; split it into several",
  ],
  import_faults_many: [
    422,
    "错误太多,只列出前 {max} 处。请先改正这些,再重新上传",
    "There are too many mistakes; only the first {max} are listed. Correct these and upload the file again",
  ],
  import_sheets_missing: [
    422,
    "文件里没有可识别的工作表。工作表应名为:{names}",
    "The file has no sheet that is known; sheets are called: {names}",
  ],
  import_empty: [422, "文件里没有数据行(示例行不导入)", "The file has no rows of data (example rows are ignored)"],
  import_not_found: [404, "找不到该导入,或它已被清理", "There is no such import, or it was cleaned away"],
  import_state: [
    409,
    "该导入的状态已改变,请刷新页面查看",
    "The import is in another state by now; reload the page to see it",
  ],
  import_has_faults: [
    409,
    "还有 {faults} 处错误,不能导入。请改正文件后重新上传",
    "There are {faults} mistakes; correct the file and upload it again",
  ],
  import_outdated: [
    409,
    "检查之后档案已有变动,未写入任何内容。请重新检查后再确认",
    "The archive has changed since the check; nothing was written. Check again before you accept",
  ],
  import_project_needed: [422, "请先选择要导入的项目", "Choose the project first"],
  import_permission: [
    403,
    "导入此类内容还需要权限:{permission}",
    "To import this you also need the permission: {permission}",
  ],
  import_column_missing: [
    422,
    "缺少列“{column}”。请从模板复制该列的表头",
    "The column “{column}” is missing; copy its header from the template",
  ],
  import_column_unknown: [
    422,
    "不认识列“{column}”,其内容不会导入。请改成模板中的表头,或删去该列",
    "The column “{column}” is not known and would be lost; use a header of the template, or delete the column",
  ],
  import_column_twice: [422, "列“{column}”出现两次,请删去一列", "The column “{column}” is there twice; delete one"],
  import_cell_missing: [422, "必须填写{column}", "{column} is required"],
  import_cell_long: [422, "{column}最多 {max} 个字符", "{column} may have at most {max} characters"],
  import_cell_formula: [
    422,
    "这是公式。请选中后复制,再“选择性粘贴 → 数值”",
    "This is a formula; copy the cells and paste them as values",
  ],
  import_cell_error: [422, "单元格是错误值 {value},请改正", "The cell is in error ({value}); correct it"],
  import_cell_merged: [
    422,
    "这里是合并单元格。请取消合并,并在每一行都填写内容",
    "These cells are merged; unmerge them and fill in every row",
  ],
  import_cell_mangled: [
    422,
    "“{value}”是被 Excel 改成科学计数的长数字,原来的位数已丢失。请把该列设为“文本”,再重新填写",
    "“{value}” is a long number that Excel has rounded, its digits are lost; set the column to “Text” and type it again",
  ],
  import_cell_zeros: [
    422,
    "“{value}”只有 {digits} 位,应为 {wanted} 位。该单元格是数字,前导零可能已丢失:请把该列设为“文本”,再填完整",
    "“{value}” has {digits} digits instead of {wanted}; the cell is a number, so leading zeros may be lost: set the column to “Text” and type all of it",
  ],
  import_cell_number: [
    422,
    "“{value}”不是有效的数字。{column}应为 {min} 至 {max} 的整数",
    "“{value}” will not do: {column} is a whole number from {min} to {max}",
  ],
  import_cell_decimal: [
    422,
    "“{value}”不是有效的数字。{column}最多 {decimals} 位小数,不带单位和千分位",
    "“{value}” will not do: {column} is a number with at most {decimals} decimals, without unit or thousands separators",
  ],
  import_cell_day: [422, "“{value}”不是日期。请写成 2026-08-01", "“{value}” is not a day; write it like 2026-08-01"],
  import_cell_choice: [422, "“{value}”不在可选范围内。可填:{choices}", "“{value}” is not one of: {choices}"],
  import_cell_format: [
    422,
    "“{value}”格式不正确。{column}应为{format}",
    "“{value}” has the wrong form: {column} is {format}",
  ],
  import_area_unknown: [
    422,
    "找不到片区“{area}”,或它不在您的管辖范围内。请先写在“片区”工作表中,各级以 / 分隔",
    "No such area “{area}”, or it is outside yours; enter it on the sheet of areas, levels separated by /",
  ],
  import_area_parent: [
    422,
    "找不到上级片区“{area}”,或它不在您的管辖范围内。请在前面的行写上级片区",
    "No such area above: “{area}”, or it is outside yours; enter it in a row before",
  ],
  import_area_ambiguous: [
    422,
    "档案中有两个片区都叫“{area}”,无法区分",
    "There are two areas called “{area}” in the archive; they cannot be told apart",
  ],
  import_twice: [422, "与第 {row} 行重复", "The same as row {row}"],
  import_address_twice: [
    422,
    "通信地址 {address} 与第 {row} 行重复(同一集中器、同一端口)",
    "The address {address} is that of row {row} too (same concentrator, same port)",
  ],
  import_concentrator_unknown: [
    422,
    "找不到集中器“{code}”,或它不在您的管辖范围内。请先写在“集中器”工作表中",
    "No such concentrator “{code}”, or it is outside your area; enter it on the sheet of concentrators",
  ],
  import_concentrator_differs: [
    422,
    "档案中该集中器的{column}是“{now}”。导入不改接入方式、密钥和片区,请到“集中器”页面办理",
    "In the archive {column} of this concentrator is “{now}”; an import does not change links, keys and areas: use the page of the concentrator",
  ],
  import_key_needed: [
    422,
    "JCP/1 集中器须填写链路密钥(32 位十六进制);没有密钥的请到“集中器”页面新增,密钥会显示一次",
    "A JCP/1 concentrator needs its link key (32 hex digits); add one without a key on the page of concentrators, which shows the key once",
  ],
  import_box_unknown: [
    422,
    "找不到电表箱“{box}”。请先写在“电表箱”工作表中(同一片区)",
    "No such box “{box}”; enter it on the sheet of boxes, in the same area",
  ],
  import_price_unknown: [
    422,
    "“{price}”既不是金额,也不是“价格”工作表或系统中的价格名称",
    "“{price}” is neither an amount nor a name on the sheet of prices or of a tariff",
  ],
  import_price_kind: [422, "价格“{price}”是用于另一类表计的", "The price “{price}” is for the other kind of meter"],
  import_price_differs: [
    422,
    "系统中价格“{price}”是 {now}。导入不改价格,请到“价格”页面办理调价(需审批)",
    "The tariff “{price}” is {now}; an import changes no prices: ask for the change on the page of prices",
  ],
  import_price_not_flat: [
    422,
    "“{price}”是分时或阶梯价格,新表不能直接使用。请先填单一价,导入后到“价格”页面指定",
    "“{price}” is priced by time or steps; enter a flat price here and assign the tariff on the page of prices afterwards",
  ],
  import_customer_unknown: [
    422,
    "“客户”工作表和档案中都没有客户编号“{number}”",
    "No customer has the number “{number}”, neither on the sheet of customers nor in the archive",
  ],
  import_customer_differs: [
    422,
    "档案中该客户编号的姓名或电话与此不同。导入不改客户资料:请核对编号,或在办理入住时更正",
    "In the archive this customer number has another name or telephone; an import does not change customers: check the number",
  ],
  import_customer_idle: [
    422,
    "该客户没有任何表计。客户随入住建立:请在“表计”工作表中填写其客户编号",
    "This customer has no meter; customers come to be by moving in: enter the number on the sheet of meters",
  ],
  import_meter_differs: [
    422,
    "该表已在用,档案中{column}是“{now}”。导入不改它,请到“{page}”页面办理",
    "This meter is in use and {column} is “{now}” in the archive; an import does not change that: use “{page}”",
  ],
  import_meter_fixed: [
    422,
    "该表已在用,档案中{column}是“{now}”,建档后不能再改。请把此格改回该值或清空",
    "This meter is in use; {column} is “{now}” and stays as it was entered: put that back or leave the cell empty",
  ],
  import_meter_exchanged: [
    422,
    "表号 {number} 已被换下(换表单 {exchangeNo}),不能再次新增。请删去该行,或填现在的表号",
    "The meter {number} was exchanged (number {exchangeNo}) and is not entered again; remove the row or enter the present number",
  ],
  import_range_count: [
    422,
    "数量是 {count},但“{pattern}”给出 {given} 个。请使两者一致",
    "The count is {count}, but “{pattern}” gives {given}",
  ],
  import_range_pattern: [
    422,
    "“{pattern}”看不懂。数量大于 1 时,用 {101-124} 或 {1-6}{01-04} 写出各房间",
    "“{pattern}” is not understood; with a count above 1 write the rooms as {101-124} or {1-6}{01-04}",
  ],
  import_range_number: [
    422,
    "“{value}”不能连续编号:末尾须是数字,且不得超出位数",
    "“{value}” cannot be counted up: it must end in digits, and not run out of them",
  ],
  import_ratio_credit: [
    422,
    "该表型在表内计余量,倍率只能为 1;倍率大于 1 的请选余额在系统内的表型",
    "This model keeps its credit itself: its ratio is 1",
  ],
  import_gateway_unknown: [
    422,
    "找不到网关表“{number}”。它须挂在同一集中器、同一端口,且自己不经网关",
    "No such gateway “{number}”: it hangs at the same concentrator and port itself, and not behind a gateway",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
