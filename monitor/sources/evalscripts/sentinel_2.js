// Bands of Sentinel-2 as reflectance x 10000, then the scene classification and the data mask,
// as 16-bit integers: half the price of floats, and exactly what the archive of looks keeps.
// The list BANDS is put before this text by monitor/sources/sentinel_hub_request.py.

const SCALE = 10000;
const LARGEST = 32767;
const NOTHING = -32768;

function setup() {
  return {
    input: [{ bands: BANDS.concat(["SCL", "dataMask"]) }],
    output: { bands: BANDS.length + 2, sampleType: "INT16" }
  };
}

function stored(reflectance, measured) {
  if (!measured) {
    return NOTHING;
  }
  return Math.max(-LARGEST, Math.min(LARGEST, Math.round(reflectance * SCALE)));
}

function evaluatePixel(sample) {
  return BANDS.map(band => stored(sample[band], sample.dataMask))
    .concat([sample.SCL, sample.dataMask]);
}
