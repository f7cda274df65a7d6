import { createConnection } from "mysql2/promise";

/** Tables, columns and indexes, as a server of the MySQL family tells them. */
export async function mysqlShape(url: string): Promise<unknown> {
  const connection = await createConnection(url);
  const [columns] =
    await connection.query(`select table_name, column_name, column_type, is_nullable, column_default, extra
    from information_schema.columns where table_schema = database() order by 1, 2`);
  const [indexes] = await connection.query(`select table_name, index_name, seq_in_index, column_name, non_unique
    from information_schema.statistics where table_schema = database() order by 1, 2, 3`);
  await connection.end();
  return { columns, indexes };
}
