/** Headless browsers refuse notifications in one place and would still ask in the other. */
export async function isNotificationPermissionMismatched(): Promise<boolean> {
  if (!('Notification' in window) || !navigator.permissions) return false;
  const { state } = await navigator.permissions.query({ name: 'notifications' });
  return Notification.permission === 'denied' && state === 'prompt';
}
