/** Who did what, and when. The filters are in the address. */
import { useState } from 'react';
import { api, body } from '../api/client';
import type { AuditLine } from '../api/types';
import { localMinute, moment } from '../lib/format';
import { Tag } from '../parts/Badges';
import { Button } from '../parts/Button';
import { Dialog } from '../parts/Dialog';
import { Search } from '../parts/Field';
import { Facts, Page, Panel } from '../parts/Page';
import { Said, SaidAll } from '../parts/Said';
import { Empty } from '../parts/States';
import { type Column, Table } from '../parts/Table';
import { Time } from '../parts/Time';
import { PAGE_ROWS, useRows } from '../parts/useRows';
import { useSearch, useSetSearch, useSetText } from '../parts/useSearch';
import { texts } from '../texts';

type Filter = 'actor' | 'action' | 'subject' | 'from' | 'to';

const COLUMNS: Column<AuditLine>[] = [
  {
    key: 'when',
    head: texts.audit.when,
    width: '170px',
    cell: (line) => <time dateTime={line.createdAt}>{moment(line.createdAt)}</time>,
  },
  {
    key: 'actor',
    head: texts.audit.actor,
    width: 'minmax(160px,1fr)',
    cell: (line) => <Said max={60}>{line.actor.name}</Said>,
  },
  {
    key: 'kind',
    head: '',
    width: '75px',
    cell: (line) => <Tag>{texts.audit.kinds[line.actor.kind] ?? line.actor.kind}</Tag>,
  },
  {
    key: 'action',
    head: texts.audit.action,
    width: 'minmax(150px,1fr)',
    cell: (line) => <span className="font-medium">{line.action}</span>,
  },
  {
    key: 'subject',
    head: texts.audit.subject,
    width: 'minmax(150px,1fr)',
    cell: (line) => <Said max={60}>{line.subject ?? ''}</Said>,
  },
  {
    key: 'status',
    head: texts.audit.status,
    width: '130px',
    cell: (line) => <Outcome line={line} />,
  },
  {
    key: 'ip',
    head: texts.audit.address,
    width: '130px',
    cell: (line) => <Said max={45}>{line.ip ?? ''}</Said>,
  },
];

export default function AuditLog() {
  const { actor, action, subject, from, to } = useSearch();
  const setSearch = useSetSearch();
  const [shown, setShown] = useState<AuditLine | null>(null);
  const filters = { actor, action, subject, from: valid(from), to: valid(to) };
  const rows = useRows(['audit', filters], (pageNumber, signal) =>
    body(
      api.GET('/audit-log', {
        params: { query: { ...filters, pageNumber, pageSize: PAGE_ROWS } },
        signal,
      }),
    ),
  );
  const narrowed = Object.values(filters).some(Boolean);
  const clear = () =>
    setSearch({
      actor: undefined,
      action: undefined,
      subject: undefined,
      from: undefined,
      to: undefined,
    });
  return (
    <Page
      title={texts.audit.title}
      lead={rows.total === undefined ? ' ' : texts.audit.found(rows.total)}
    >
      <Panel>
        <div className="flex flex-wrap items-end gap-2 border-b border-line p-3">
          <Finder name="actor" label={texts.audit.actorHint} value={actor} />
          <Finder name="action" label={texts.audit.action} value={action} />
          <Finder name="subject" label={texts.audit.subjectHint} value={subject} />
          <Moment name="from" label={texts.audit.from} value={filters.from} />
          <Moment name="to" label={texts.audit.to} value={filters.to} />
          {narrowed && (
            <Button look="quiet" onClick={clear}>
              {texts.audit.clear}
            </Button>
          )}
        </div>
        <Table
          label={texts.audit.title}
          rows={rows}
          columns={COLUMNS}
          rowKey={(line) => line.id}
          rowName={(line) => `${line.actor.name} ${line.action} ${moment(line.createdAt)}`}
          onOpen={setShown}
          minWidth={1080}
          cardHeight={92}
          card={(line) => (
            <div className="flex min-w-0 flex-col gap-0.5">
              <span className="flex justify-between gap-2">
                <span className="truncate font-medium">{line.action}</span>
                <Time at={line.createdAt} className="text-xs text-soft" />
              </span>
              <Said max={50} className="truncate">
                {line.actor.name}
              </Said>
              <span className="flex justify-between gap-2 text-xs text-soft">
                <Said max={36} className="truncate">
                  {line.subject ?? ''}
                </Said>
                <Outcome line={line} />
              </span>
            </div>
          )}
          empty={<Empty title={texts.audit.none} />}
        />
      </Panel>
      {shown && (
        <Details
          line={shown}
          onClose={() => setShown(null)}
          onOnly={(name, value) => {
            setSearch({ [name]: value }, true);
            setShown(null);
          }}
        />
      )}
    </Page>
  );
}

/** An address bar can hold anything. */
function valid(iso: string | undefined): string | undefined {
  const at = iso ? new Date(iso) : null;
  return at && !Number.isNaN(at.getTime()) ? at.toISOString() : undefined;
}

function Finder({ name, label, value }: { name: Filter; label: string; value?: string }) {
  return <Search label={label} value={value ?? ''} onChange={useSetText(name)} />;
}

function Moment({ name, label, value }: { name: Filter; label: string; value?: string }) {
  const setSearch = useSetSearch();
  return (
    <label className="flex items-center gap-2 text-sm text-soft">
      {label}
      <input
        type="datetime-local"
        className="field"
        value={value ? localMinute(value) : ''}
        onChange={(event) => setSearch({ [name]: valid(event.target.value) })}
      />
    </label>
  );
}

/** From here on an HTTP status says that it was not done. */
const REFUSED_FROM = 400;

function Outcome({ line }: { line: AuditLine }) {
  if (line.status == null) return <span className="text-soft">{texts.audit.noOutcome}</span>;
  if (line.status < REFUSED_FROM) return <span className="tabular-nums">{line.status}</span>;
  return <Tag look="critical">{`${texts.audit.refused} ${line.status}`}</Tag>;
}

function Details({
  line,
  onClose,
  onOnly,
}: {
  line: AuditLine;
  onClose: () => void;
  onOnly: (name: Filter, value: string) => void;
}) {
  const only = (name: Filter, value: string) => (
    <span className="flex flex-wrap items-center gap-2">
      <SaidAll>{value}</SaidAll>
      <Button
        small
        aria-label={`${texts.audit.only}: ${value.slice(0, 60)}`}
        onClick={() => onOnly(name, value)}
      >
        {texts.audit.only}
      </Button>
    </span>
  );
  return (
    <Dialog title={texts.audit.details} onClose={onClose} wide>
      <Facts
        facts={[
          [texts.audit.when, moment(line.createdAt)],
          [texts.audit.actor, only('actor', line.actor.name)],
          [texts.audit.action, only('action', line.action)],
          ...[line.subject, line.otherSubject]
            .filter((subject) => subject != null)
            .map((subject, place): [string, React.ReactNode] => [
              place === 0 ? texts.audit.subject : texts.audit.otherSubject,
              only('subject', subject),
            ]),
          [texts.audit.path, <SaidAll key="path">{line.path}</SaidAll>],
          [texts.audit.fields, <SaidAll key="fields">{line.fields.join(', ') || '–'}</SaidAll>],
          [texts.audit.status, <Outcome key="status" line={line} />],
          [texts.audit.address, <Said key="ip">{line.ip ?? ''}</Said>],
          [
            texts.audit.request,
            <code key="request" className="select-all">
              {line.requestId}
            </code>,
          ],
        ]}
      />
      <p className="mt-3 text-xs text-soft">{texts.audit.fieldsHint}</p>
    </Dialog>
  );
}
