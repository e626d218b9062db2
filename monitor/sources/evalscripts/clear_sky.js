// One where the ground can be seen, zero where it cannot; what was not measured does not count.
// The list UNSEEN of scene classes is put before this text by
// monitor/sources/sentinel_hub_statistics.py, which has it from the rules for looks.

const NOTHING = 0;

function setup() {
  return {
    input: [{ bands: ["SCL", "dataMask"] }],
    output: [
      { id: "clear", bands: 1, sampleType: "UINT8" },
      { id: "dataMask", bands: 1 }
    ]
  };
}

function evaluatePixel(sample) {
  const measured = sample.dataMask === 1 && sample.SCL !== NOTHING;
  return {
    clear: [measured && !UNSEEN.includes(sample.SCL) ? 1 : 0],
    dataMask: [measured ? 1 : 0]
  };
}
