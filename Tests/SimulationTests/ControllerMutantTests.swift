#if DEBUG
    import ResourceAPI
    import SimulationSupport
    import Testing

    extension EverySimulation {
        @Suite("Planted mistakes in the controller", .serialized)
        struct ControllerMutants {
            private static let seeds: UInt64 = 300

            @Test(arguments: [
                PlantedMistake.skipFencing, .loseWakeUp, .forgetCancel, .pruneOnError,
                .followRewrite, .retryDeterministic, .ignorePruneBudget,
            ])
            func `the simulation finds it`(mistake: PlantedMistake) async {
                PlantedMistake.plant(mistake)
                defer { PlantedMistake.plant(nil) }
                var found: String?
                for seed in 1...Self.seeds {
                    found = await Simulation.run(seed: seed).failure
                    if found != nil { break }
                }
                #expect(found != nil)
                print("\(mistake.rawValue): \(found ?? "not found")")
            }
        }
    }
#endif
