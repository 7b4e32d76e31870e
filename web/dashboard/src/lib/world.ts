/**
 * A world of dots, and where countries lie on it: outlines of a few points each and one point a country, drawn for this
 * page by hand. Good for seeing that somebody is in two continents, and for nothing finer.
 */

export type Point = readonly [longitude: number, latitude: number];

/** What is drawn: from the north of Greenland to Cape Horn. */
export const WORLD = { west: -170, east: 190, north: 80, south: -57 };
const DOT_DEGREES = 2.5;

/** Longitude and latitude by turns. */
const LANDS = [
  // North and Central America
  '-168,66 -156,71 -128,70 -110,68 -95,72 -82,70 -81,64 -94,59 -92,57 -82,55 -79,51 -77,58 -78,62 -70,61 -64,59 -56,52 -60,48 -66,50 -64,46 -70,43 -74,40 -76,35 -81,31 -80,25 -83,29 -90,30 -97,28 -97,22 -95,18 -90,21 -87,21 -88,16 -83,15 -83,10 -79,9 -78,7 -83,8 -88,13 -95,16 -105,20 -109,26 -114,31 -110,23 -117,33 -124,40 -124,48 -131,55 -140,60 -151,59 -158,56 -165,61',
  // Arctic islands and Greenland
  '-125,73 -115,76 -95,78 -70,80 -75,76 -80,73 -70,70 -65,66 -73,64 -88,70 -105,69 -117,70',
  '-72,78 -55,80 -20,80 -22,71 -38,66 -44,60 -53,66 -55,70',
  // The Caribbean
  '-85,22 -77,21 -70,20 -65,18 -75,18',
  // South America
  '-78,8 -72,12 -62,11 -52,5 -50,0 -35,-6 -39,-15 -41,-22 -48,-27 -54,-34 -58,-38 -65,-42 -68,-50 -66,-55 -73,-52 -74,-42 -71,-30 -70,-18 -76,-14 -81,-5 -80,1',
  // Africa
  '-17,21 -10,31 -6,36 10,37 11,33 20,31 32,31 37,21 43,12 51,12 47,4 40,-4 40,-15 35,-20 33,-27 27,-34 19,-35 15,-27 12,-17 13,-8 9,0 9,4 -4,5 -12,8 -17,14',
  '44,-16 50,-15 47,-25 44,-24',
  // Europe
  '-10,44 -9,37 -2,37 3,42 8,44 12,42 17,39 18,41 13,45 19,42 21,37 24,38 24,41 29,41 41,42 48,42 52,47 60,55 60,68 44,68 40,66 33,69 25,71 14,67 5,62 6,58 12,57 18,61 22,65 25,65 22,60 30,60 21,55 12,54 8,57 8,54 2,51 -5,48 -1,44',
  '-6,50 1,51 0,54 -3,59 -6,57 -3,54',
  '-10,52 -6,52 -6,55 -10,54',
  '-24,64 -14,65 -16,66 -22,66',
  // Asia
  '60,55 60,68 70,73 85,74 105,78 115,74 140,73 160,70 180,69 190,66 180,63 170,60 163,56 157,51 156,58 162,61 150,59 138,54 141,49 135,43 128,40 129,35 126,35 125,39 118,39 122,37 119,35 122,30 120,25 110,20 107,17 109,12 105,9 101,13 104,2 101,3 98,9 98,16 94,17 90,22 86,20 80,15 78,8 74,13 72,21 67,25 57,26 50,30 48,29 56,24 59,22 52,16 43,13 39,21 35,28 34,31 36,36 27,37 27,40 41,42 48,42 54,47',
  '130,32 136,34 140,36 142,40 141,45 145,44 140,41 136,37 131,34',
  '80,9 82,7 80,6',
  '121,25 122,25 121,22 120,23',
  '120,18 122,17 122,13 126,8 122,7 120,13',
  // The islands south of Asia
  '95,5 104,-2 106,-6 100,-1',
  '105,-7 115,-8 114,-7 106,-6',
  '109,1 113,3 117,7 119,5 117,-3 111,-3',
  '119,0 125,1 121,-1 123,-5 120,-5',
  '131,-1 141,-3 150,-9 146,-8 139,-8',
  // Australia and New Zealand
  '114,-22 122,-18 130,-12 137,-12 136,-16 141,-17 142,-11 146,-19 153,-26 150,-37 141,-38 135,-33 125,-33 116,-35',
  '145,-41 148,-41 147,-43',
  '173,-35 178,-38 174,-41 171,-44 167,-46 172,-41 175,-40',
];

type Outline = { points: Point[]; box: [number, number, number, number] };

function outline(text: string): Outline {
  const points = text.split(' ').map((pair) => pair.split(',').map(Number) as [number, number]);
  const [x, y] = [points.map(([lon]) => lon), points.map(([, lat]) => lat)];
  return { points, box: [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)] };
}

function within({ points, box }: Outline, lon: number, lat: number): boolean {
  if (lon < box[0] || lon > box[1] || lat < box[2] || lat > box[3]) return false;
  let inside = false;
  for (let at = 0, before = points.length - 1; at < points.length; before = at, at += 1) {
    const [[x1, y1], [x2, y2]] = [points[at] as Point, points[before] as Point];
    if (y1 > lat !== y2 > lat && lon < ((x2 - x1) * (lat - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}

/** From the upper left corner, in degrees. */
export const place = ([lon, lat]: Point) =>
  [(lon < WORLD.west ? lon + 360 : lon) - WORLD.west, WORLD.north - lat] as const;

/** Every dot of land as one path: a line of no length with round ends. */
export function landPath(): string {
  const lands = LANDS.map(outline);
  const dots: string[] = [];
  for (let lat = WORLD.north - 1; lat > WORLD.south; lat -= DOT_DEGREES) {
    for (let lon = WORLD.west + 1; lon < WORLD.east; lon += DOT_DEGREES) {
      if (lands.some((land) => within(land, lon, lat)))
        dots.push(`M${place([lon, lat]).join(' ')}h0`);
    }
  }
  return dots.join('');
}

/** A point in each country: code, longitude, latitude. */
const COUNTRIES =
  'AD 2 43,AE 54 24,AF 66 34,AG -62 17,AI -63 18,AL 20 41,AM 45 40,AO 18 -12,AR -64 -35,AS -170 -14,AT 14 47,AU 134 -25,' +
  'AW -70 13,AX 20 60,AZ 48 40,BA 18 44,BB -60 13,BD 90 24,BE 5 51,BF -2 12,BG 25 43,BH 51 26,BI 30 -3,BJ 2 9,BL -63 18,' +
  'BM -65 32,BN 115 4,BO -65 -17,BQ -68 12,BR -52 -10,BS -77 24,BT 90 27,BW 24 -22,BY 28 54,BZ -89 17,CA -106 57,CC 97 -12,' +
  'CD 23 -3,CF 21 7,CG 15 -1,CH 8 47,CI -6 8,CK -160 -21,CL -71 -32,CM 12 5,CN 104 35,CO -73 4,CR -84 10,CU -79 22,CV -24 16,' +
  'CW -69 12,CX 106 -10,CY 33 35,CZ 15 50,DE 10 51,DJ 43 12,DK 10 56,DM -61 15,DO -71 19,DZ 3 28,EC -78 -1,EE 26 59,EG 30 27,' +
  'EH -13 24,ER 39 15,ES -4 40,ET 40 9,FI 26 63,FJ 178 -18,FK -60 -52,FM 158 7,FO -7 62,FR 2 47,GA 12 -1,GB -2 54,GD -62 12,' +
  'GE 44 42,GF -53 4,GG -3 49,GH -1 8,GI -5 36,GL -41 72,GM -15 13,GN -11 10,GP -62 16,GQ 10 2,GR 22 39,GT -90 16,GU 145 13,' +
  'GW -15 12,GY -59 5,HK 114 22,HN -87 15,HR 16 45,HT -72 19,HU 19 47,ID 113 -2,IE -8 53,IL 35 31,IM -5 54,IN 79 22,IO 72 -6,' +
  'IQ 44 33,IR 53 32,IS -19 65,IT 12 43,JE -2 49,JM -77 18,JO 36 31,JP 138 36,KE 38 0,KG 75 41,KH 105 13,KI 173 1,KM 43 -12,' +
  'KN -63 17,KP 127 40,KR 128 36,KW 48 29,KY -81 19,KZ 67 48,LA 103 18,LB 36 34,LC -61 14,LI 10 47,LK 81 8,LR -9 6,LS 28 -30,' +
  'LT 24 55,LU 6 50,LV 25 57,LY 17 27,MA -6 32,MC 7 44,MD 28 47,ME 19 43,MF -63 18,MG 47 -19,MH 171 7,MK 22 42,ML -4 17,' +
  'MM 96 21,MN 103 47,MO 113 22,MP 146 15,MQ -61 15,MR -10 20,MS -62 17,MT 14 36,MU 57 -20,MV 73 3,MW 34 -13,MX -102 24,' +
  'MY 102 4,MZ 36 -18,NA 17 -22,NC 165 -21,NE 9 17,NF 168 -29,NG 8 9,NI -85 13,NL 6 52,NO 9 61,NP 84 28,NR 167 -1,NU -170 -19,' +
  'NZ 172 -42,OM 56 21,PA -80 9,PE -75 -9,PF -149 -18,PG 145 -6,PH 122 13,PK 69 30,PL 19 52,PM -56 47,PN -130 -24,PR -66 18,' +
  'PS 35 32,PT -8 40,PW 134 7,PY -58 -23,QA 51 25,RE 56 -21,RO 25 46,RS 21 44,RU 60 58,RW 30 -2,SA 45 24,SB 160 -9,SC 55 -5,' +
  'SD 30 15,SE 16 62,SG 104 1,SH -6 -16,SI 15 46,SK 19 49,SL -12 8,SM 12 44,SN -14 14,SO 46 5,SR -56 4,SS 31 7,ST 7 0,' +
  'SV -89 14,SX -63 18,SY 38 35,SZ 31 -27,TC -72 22,TD 19 15,TG 1 9,TH 101 15,TJ 71 39,TK -172 -9,TL 126 -9,TM 59 39,TN 9 34,' +
  'TO -175 -21,TR 35 39,TT -61 11,TV 178 -8,TW 121 24,TZ 35 -6,UA 31 49,UG 32 1,US -98 39,UY -56 -33,UZ 64 41,VA 12 42,' +
  'VC -61 13,VE -66 8,VG -65 18,VI -65 18,VN 106 16,VU 167 -16,WF -177 -14,WS -172 -14,XK 21 43,YE 47 16,YT 45 -13,ZA 24 -29,' +
  'ZM 28 -14,ZW 30 -19';

const CENTRES = new Map(
  COUNTRIES.split(',').map((entry) => {
    const [code = '', lon, lat] = entry.split(' ');
    return [code, [Number(lon), Number(lat)] as Point];
  }),
);

export const centreOf = (countryCode: string): Point | undefined => CENTRES.get(countryCode);
