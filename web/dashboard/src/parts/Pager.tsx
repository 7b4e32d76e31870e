/** From one page of a list to the next; nothing where there is one page. */
import { number } from '../lib/format';
import { texts } from '../texts';
import { Button } from './Button';

export function Pager({
  found,
  page,
  onPage,
}: {
  found: { first: boolean; last: boolean; totalPages: number };
  page: number;
  onPage: (page: number) => void;
}) {
  if (found.totalPages <= 1) return null;
  return (
    <div className="flex items-center gap-2 p-3">
      <Button small disabled={found.first} onClick={() => onPage(page - 1)}>
        {texts.common.newer}
      </Button>
      <span className="text-sm text-soft">
        {number(page + 1)} / {number(found.totalPages)}
      </span>
      <Button small disabled={found.last} onClick={() => onPage(page + 1)}>
        {texts.common.older}
      </Button>
    </div>
  );
}
