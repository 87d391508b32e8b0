#if DEBUG
    import ResourceAPI
    import SimulationSupport
    import StateStore
    import Testing

    extension EverySimulation {
        @Suite("Planted mistakes in the store")
        struct StoreMutants {
            @Test(arguments: [
                PlantedMistake.skipDirectorySync, .renameBeforeSync, .retryFailedSync,
                .skipDigestCheck, .rowBeforeFile, .replaceDigest, .stageWithoutArtifact,
                .keepTemporary, .collectWithoutSecondLook, .skipEvent,
            ])
            func `the enumeration finds it`(mistake: PlantedMistake) async throws {
                PlantedMistake.plant(mistake)
                defer { PlantedMistake.plant(nil) }
                let found = try await finding()
                #expect(found != nil)
                print("\(mistake.rawValue): \(found ?? "not found")")
            }

            /// The first scenario that shows it, and how.
            private func finding() async throws -> String? {
                for scenario in try CrashScenario.all() {
                    do {
                        let found = try await CrashEnumeration(scenario)
                            .violations(stopsAtFirst: true)
                        if let first = found.first { return first }
                    } catch {
                        // With some mistakes not even the run without faults goes through.
                        return "\(scenario.name): \(error)"
                    }
                }
                return nil
            }
        }
    }
#endif
