/** What one puts into a page or a shell to send the first events. */

/** Calls made before the script has loaded wait in its queue. */
export function snippet(origin: string, key: string): string {
  return `<script>
  window.dregs = window.dregs || function () { (window.dregs.q = window.dregs.q || []).push(arguments); };
  dregs.identify = dregs.identify || function (id, data) { dregs('identify', id, data); };
  dregs.track = dregs.track || function (type, data) { dregs('track', type, data); };
  dregs('init', { key: '${key}' });
  // When somebody is signed in:
  // dregs.identify('user-1', { email: 'ada@example.com', name: 'Ada Lovelace' });
</script>
<script src="${origin}/dregs.js" async></script>`;
}

export function command(origin: string): string {
  return `curl -fsS ${origin}/api/events \\
  -H "Authorization: Bearer $DREGS_SECRET_KEY" -H 'Content-Type: application/json' -d '
  {"type": "user.signup", "identity": {"id": "user-1",
   "data": {"email": "ada@example.com", "name": "Ada Lovelace"}}}'`;
}
