// Gamma nought of Sentinel-1, as thousandths of a decibel from MIDDLE_DB, then the data mask,
// as 16-bit integers: half the price of floats, and a step of 0.02 % of power is far below speckle.
// The service computes linear power, corrected for terrain. The list BANDS is put before this
// text by monitor/sources/sentinel_hub_request.py, which turns the steps back into power.

const STEPS = 1000;
const MIDDLE_DB = -10;
const LARGEST = 32767;
const NOTHING = -32768;

function setup() {
  return {
    input: [{ bands: BANDS.concat(["dataMask"]) }],
    output: { bands: BANDS.length + 1, sampleType: "INT16" }
  };
}

function stored(power, measured) {
  if (!measured || !(power > 0)) {
    return NOTHING;
  }
  const steps = Math.round((10 * Math.log10(power) - MIDDLE_DB) * STEPS);
  return Math.max(-LARGEST, Math.min(LARGEST, steps));
}

function evaluatePixel(sample) {
  return BANDS.map(band => stored(sample[band], sample.dataMask))
    .concat([sample.dataMask]);
}
