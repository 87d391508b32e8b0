// swift-tools-version: 6.2
import PackageDescription

/// Flags shared by all of Ingot's own targets.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "ingot",
    products: [.executable(name: "ingot", targets: ["ingot"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
    ],
    // In the order in which data flows: a target imports only what stands above it.
    targets: [
        /// The kinds as typed values, identities, digests, conditions, positions, diagnostics.
        .target(
            name: "ResourceAPI", dependencies: [crypto], exclude: ["README.md"],
            swiftSettings: strict),

        /// libgit2, from the system.
        .systemLibrary(
            name: "CLibGit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        /// libyaml, from the system.
        .systemLibrary(
            name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        /// SQLite, from the system: instances and the gateway read files of online features with it.
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        /// glibc's settings of its allocator, which its Swift module leaves out.
        .systemLibrary(name: "CMalloc"),
        /// Ingot's own declarations of the ONNX Runtime C API, which is loaded with dlopen.
        .target(name: "COnnxRuntime"),

        /// git through libgit2: resolve refs, read trees, diff, blame, fetch, watch.
        .target(
            name: "SourceControl", dependencies: ["ResourceAPI", "CLibGit2"],
            exclude: ["README.md"],
            swiftSettings: strict),
        /// YAML bytes to typed resources with positions and diagnostics.
        .target(
            name: "Manifests", dependencies: ["ResourceAPI", "CLibYAML"], exclude: ["README.md"],
            swiftSettings: strict),
        /// Resolves references and compiles resources into steps with recipes (and SQL). Pure.
        .target(
            name: "ResourceGraph", dependencies: ["ResourceAPI"], exclude: ["README.md"],
            swiftSettings: strict),
        /// Desired graph and recorded state to a plan with reasons. Pure.
        .target(
            name: "Planning", dependencies: ["ResourceAPI", "ResourceGraph"],
            exclude: ["README.md"],
            swiftSettings: strict),
        /// Runs steps: budget, limits, the local executor, the Python worker.
        .target(
            name: "Execution",
            dependencies: ["ResourceAPI", "Planning", logging, subprocess, system],
            exclude: ["README.md"],
            resources: [.copy("Resources/python")],
            swiftSettings: strict),
        /// Content-addressed artifacts and the SQLite records.
        .target(
            name: "StateStore",
            dependencies: ["ResourceAPI", "Planning", "Execution", grdb],
            exclude: ["README.md"],
            swiftSettings: strict),
        /// The loop: observe, compile, plan, execute, publish, summarize.
        .target(
            name: "Reconciler",
            dependencies: [
                "ResourceAPI", "SourceControl", "Manifests", "ResourceGraph", "Planning",
                "Execution", "StateStore",
            ],
            exclude: ["README.md"],
            swiftSettings: strict),
        /// ONNX Runtime sessions, signatures, tensors; look-ups of online features.
        .target(
            name: "Inference", dependencies: ["ResourceAPI", "COnnxRuntime", "CSQLite"],
            exclude: ["README.md"],
            swiftSettings: strict),
        /// The serving instance and the gateway.
        .target(
            name: "Serving",
            dependencies: [
                "ResourceAPI", "Inference", logging, nioCore, nioPosix, nioHTTP1, subprocess,
                system,
            ],
            exclude: ["README.md"],
            swiftSettings: strict),
        /// The command line: one file per command.
        .target(
            name: "Commands",
            dependencies: [
                "ResourceAPI", "SourceControl", "Manifests", "ResourceGraph", "Planning",
                "Execution", "StateStore", "Reconciler", "Serving", "CMalloc", argumentParser,
                logging,
            ],
            exclude: ["README.md"],
            swiftSettings: strict),
        /// The executable: nothing but the entry point.
        .executableTarget(name: "ingot", dependencies: ["Commands"], swiftSettings: strict),

        /// Projects and stand-ins for tests; no product imports it.
        .target(
            name: "TestSupport",
            dependencies: ["ResourceAPI", "ResourceGraph", "Manifests", "CSQLite"],
            path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "ResourceAPITests", dependencies: ["ResourceAPI"], swiftSettings: strict),
        .testTarget(
            name: "SourceControlTests", dependencies: ["SourceControl", "ResourceAPI"],
            swiftSettings: strict),
        .testTarget(
            name: "ManifestsTests", dependencies: ["Manifests", "ResourceAPI"],
            swiftSettings: strict),
        .testTarget(
            name: "ResourceGraphTests",
            dependencies: ["ResourceGraph", "ResourceAPI", "Manifests", "TestSupport"],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "PlanningTests",
            dependencies: ["Planning", "ResourceGraph", "Manifests", "ResourceAPI", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ExecutionTests", dependencies: ["Execution", "Planning", "ResourceAPI"],
            exclude: ["Fixtures"],
            swiftSettings: strict),
        /// A layer under SQLite that lets its disk fail.
        .target(
            name: "SQLiteFaults", path: "Tests/SQLiteFaults",
            linkerSettings: [.linkedLibrary("sqlite3")]),
        .testTarget(
            name: "StateStoreTests",
            dependencies: ["StateStore", "Planning", "ResourceAPI", "SQLiteFaults"],
            swiftSettings: strict),
        .testTarget(
            name: "InferenceTests", dependencies: ["Inference", "ResourceAPI", "TestSupport"],
            exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(
            name: "ServingTests",
            dependencies: [
                "Serving", "Inference", "ResourceAPI", "TestSupport", nioCore, nioPosix, nioHTTP1,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ReconcilerTests",
            dependencies: [
                "Reconciler", "StateStore", "Execution", "Planning", "ResourceGraph", "Manifests",
                "SourceControl", "ResourceAPI", "TestSupport",
            ], swiftSettings: strict),
        /// A disk, a repository, a clock and workers in memory, and what must hold among them.
        .target(
            name: "SimulationSupport",
            dependencies: [
                "ResourceAPI", "SourceControl", "Manifests", "ResourceGraph", "Planning",
                "Execution", "StateStore", "Reconciler",
            ], path: "Tests/Simulation", swiftSettings: strict),
        /// Runs the simulation from the command line: `make simulate`.
        .executableTarget(
            name: "simulate", dependencies: ["SimulationSupport"], path: "Tests/Simulate",
            swiftSettings: strict),
        /// How long an instance looks for online features: part of `make bench`.
        .executableTarget(
            name: "look-up", dependencies: ["Inference"], path: "Tests/LookUp",
            swiftSettings: strict),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "SimulationSupport", "Reconciler", "StateStore", "Execution", "Planning",
                "ResourceGraph", "Manifests", "SourceControl", "ResourceAPI",
            ], swiftSettings: strict),
        .testTarget(
            name: "CommandsTests",
            dependencies: [
                "Commands", "Reconciler", "StateStore", "Execution", "ResourceAPI", logging,
            ],
            swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests", dependencies: ["ResourceAPI", "ingot"],
            exclude: ["Fixtures"],
            swiftSettings: strict),
    ]
)
