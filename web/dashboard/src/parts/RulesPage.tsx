/** The page of a kind of rule: what it is, all of them, and a way to make one. */
import type { ReactNode } from 'react';
import { texts } from '../texts';
import { Button } from './Button';
import { useOpen } from './Dialog';
import { ListOf } from './ListOf';
import { Page, Panel } from './Page';
import type { Query } from './States';
import { useRights } from './useMe';

export function RulesPage<Rule>({
  title,
  lead,
  noneHint,
  query,
  row,
  form,
}: {
  title: string;
  lead: string;
  noneHint: string;
  query: Query<Rule[]>;
  row: (rule: Rule) => ReactNode;
  form: (onClose: () => void) => ReactNode;
}) {
  const { write } = useRights();
  const [making, open, close] = useOpen();
  const make = (
    <Button look="main" onClick={open}>
      {texts.rules.make}
    </Button>
  );
  return (
    <Page title={title} lead={lead} actions={write && make}>
      <Panel>
        <ListOf query={query} none={texts.rules.none} noneHint={noneHint}>
          {row}
        </ListOf>
      </Panel>
      {making && form(close)}
    </Page>
  );
}
