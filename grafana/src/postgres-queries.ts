import { generatedNote, yamlText } from './rule-files.ts';

type Column = { usage: 'LABEL' | 'GAUGE' | 'COUNTER'; description: string };

/**
 * What postgres_exporter is to ask beyond what it asks by itself. Its own figures of tables, of the log of changes and of checkpoints have had other names from
 * release to release, and not every release has them for Postgres 18; these have one name with all of them. A metric is called as its query and its column.
 */
type Query = { name: string; text: string; columns: Record<string, Column> };

const label = (description: string): Column => ({ usage: 'LABEL', description });
const gauge = (description: string): Column => ({ usage: 'GAUGE', description });
const counter = (description: string): Column => ({ usage: 'COUNTER', description });

/** A setting of autovacuum: the table's own, or else the server's. */
const option = (
  name: string,
) => `(SELECT option_value FROM pg_options_to_table(pg_class.reloptions) WHERE option_name = 'autovacuum_vacuum_${name}')::float8,
    current_setting('autovacuum_vacuum_${name}')::float8`;

export const postgresQueries: Query[] = [
  {
    name: 'pg_relation',
    text: `SELECT tables.relname, coalesce(parents.relname, tables.relname) AS parent,
  pg_table_size(tables.relid) AS size_bytes, pg_indexes_size(tables.relid) AS index_size_bytes,
  n_dead_tup / (1 + coalesce(${option('threshold')}) + coalesce(${option('scale_factor')}) * greatest(pg_class.reltuples, 0)) AS vacuum_due_ratio
FROM pg_stat_user_tables AS tables
JOIN pg_class ON pg_class.oid = tables.relid AND relkind = 'r'
LEFT JOIN pg_inherits ON inhrelid = tables.relid
LEFT JOIN pg_class AS parents ON parents.oid = inhparent
WHERE schemaname = 'public'`,
    columns: {
      relname: label('The table, or the partition.'),
      parent: label('The table that it is a partition of, or its own name.'),
      size_bytes: gauge('Size without indexes.'),
      index_size_bytes: gauge('Size of the indexes.'),
      vacuum_due_ratio: gauge('Dead rows as a part of those at which autovacuum begins.'),
    },
  },
  {
    name: 'pg_writeahead',
    text: `SELECT (SELECT sum(size) FROM pg_ls_waldir()) AS size_bytes, (SELECT wal_bytes FROM pg_stat_wal) AS written_bytes_total,
  coalesce((SELECT max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) FROM pg_replication_slots), 0) AS retained_bytes`,
    columns: {
      size_bytes: gauge('Size of the log of changes on disk.'),
      written_bytes_total: counter('Bytes written to the log of changes.'),
      retained_bytes: gauge('Bytes of it that the replication slot furthest behind keeps from being removed.'),
    },
  },
  {
    name: 'pg_checkpoints',
    text: 'SELECT num_timed AS timed_total, num_requested AS requested_total FROM pg_stat_checkpointer',
    columns: {
      timed_total: counter('Checkpoints because it was time.'),
      requested_total: counter('Checkpoints because too much had been written.'),
    },
  },
  {
    name: 'pg_sessions',
    text: `SELECT count(*) FILTER (WHERE wait_event_type = 'Lock') AS waiting_for_lock,
  coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)) FILTER (WHERE backend_type = 'client backend'), 0) AS oldest_transaction_seconds
FROM pg_stat_activity`,
    columns: {
      waiting_for_lock: gauge('Sessions that wait for a lock of another one.'),
      oldest_transaction_seconds: gauge('Age of the oldest open transaction of a client: vacuum removes nothing that it may still see.'),
    },
  },
];

/** Names of the metrics that these queries make. */
export const postgresQueryMetrics = postgresQueries.flatMap(({ name, columns }) =>
  Object.entries(columns)
    .filter(([, { usage }]) => usage !== 'LABEL')
    .map(([column]) => `${name}_${column}`),
);

/** prometheus/postgres-queries.yml, for postgres_exporter's `--extend.query-path`. */
export const postgresQueriesText = () =>
  generatedNote +
  yamlText(
    Object.fromEntries(
      postgresQueries.map(({ name, text, columns }) => [
        name,
        { query: text, metrics: Object.entries(columns).map(([column, definition]) => ({ [column]: definition })) },
      ]),
    ),
  );
