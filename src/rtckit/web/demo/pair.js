// The selected candidate pair, from the statistics of any browser.

/** Gives `{local, remote, roundTripTime}`, the last in milliseconds or null; or null. */
export async function selectedPair(peer) {
  const report = await peer.getStats();
  const all = [...report.values()];
  const transport = all.find(({ type }) => type === "transport");
  const pairs = all.filter(({ type }) => type === "candidate-pair");
  const pair =
    report.get(transport?.selectedCandidatePairId) ??
    pairs.find(({ selected }) => selected) ??
    pairs.find(({ nominated, state }) => nominated && state === "succeeded");
  if (!pair) return null;
  return {
    local: describe(report.get(pair.localCandidateId)),
    remote: describe(report.get(pair.remoteCandidateId)),
    roundTripTime: pair.currentRoundTripTime === undefined ? null : pair.currentRoundTripTime * 1000,
  };
}

function describe(candidate) {
  if (!candidate) return "not known";
  const { candidateType, protocol, port } = candidate;
  const address = candidate.address || candidate.ip || "address hidden";
  const host = address.includes(":") ? `[${address}]` : address;
  return `${candidateType} ${protocol} ${host}:${port}`;
}
