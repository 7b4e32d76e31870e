/** What can be set, as a list of places. */
import { Link } from '@tanstack/react-router';
import { SETTINGS } from '../navigation';
import { Page } from '../parts/Page';
import { useMe } from '../parts/useMe';
import { texts } from '../texts';

export default function Settings() {
  const role = useMe().data?.role;
  return (
    <Page title={texts.nav.settings}>
      <ul className="grid grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-3">
        {SETTINGS.filter((place) => !place.role || place.role === role).map((place) => (
          <li key={place.to}>
            <Link to={place.to} className="panel flex h-full flex-col gap-1 p-4 hover:border-edge">
              <span className="font-semibold">{place.label}</span>
              <span className="text-soft">{place.about}</span>
            </Link>
          </li>
        ))}
      </ul>
    </Page>
  );
}
