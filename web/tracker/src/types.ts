export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface Identity {
  id: string;
  data?: JsonObject;
}

export interface Device {
  fingerprint: string;
  signals?: JsonObject;
}

/** One element of the body of `POST /api/events`. */
export interface TrackerEvent {
  id: string;
  type: string;
  data: JsonObject;
  identity?: Identity;
  timestamp: string;
  source: 'tracker';
  url: string;
  referrer: string;
  session: string;
  device?: Device;
}
