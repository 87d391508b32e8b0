-- Posts the bodies of $BENCH_BODIES (one a line) in turn; prints one line of JSON at the end.
local requests, index = {}, 0

function init()
    local headers = {["Content-Type"] = "application/json"}
    for line in io.lines(os.getenv("BENCH_BODIES")) do
        requests[#requests + 1] = wrk.format("POST", "/v2/models/arrival-delay/infer", headers, line)
    end
end

function request()
    index = index % #requests + 1
    return requests[index]
end

function done(summary, latency)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.write(string.format(
        'JSON {"rate":%.1f,"p50":%.4f,"p99":%.4f,"failed":%d}\n',
        summary.requests / (summary.duration / 1e6),
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, failed))
end
