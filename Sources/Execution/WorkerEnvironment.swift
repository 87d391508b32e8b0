package import Subprocess

/// The environments of child processes, built from nothing: no secret of the controller's own
/// environment reaches a worker.
package enum WorkerEnvironment {
    /// For the warm parent and its workers.
    ///
    /// One thread by default: every step says itself how many it may use, and a library that takes
    /// all processors on its own is several times slower.
    package static func variables(workDirectory: String) -> [String: String] {
        [
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": workDirectory,
            "TMPDIR": workDirectory,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "ORT_DISABLE_TELEMETRY": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        ]
    }

    /// For `python3 -m venv` and pip, which must reach a package index: the search path, the home
    /// for pip's settings and cache, proxies, certificates and pip's own variables. Nothing else.
    package static func installer(from environment: [String: String]) -> [String: String] {
        let kept: Set<String> = [
            "PATH", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR", "SSL_CERT_FILE",
            "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY",
            "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
        ]
        var result = environment.filter { kept.contains($0.key) || $0.key.hasPrefix("PIP_") }
        result["LANG"] = "C.UTF-8"
        result["PIP_NO_INPUT"] = "1"
        return result
    }

    package static func environment(_ variables: [String: String]) -> Environment {
        var result: [Environment.Key: String] = [:]
        for (name, value) in variables {
            if let key = Environment.Key(rawValue: name) { result[key] = value }
        }
        return .custom(result)
    }
}
