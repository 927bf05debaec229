// swift-tools-version: 6.2
import PackageDescription

// The targets from the bottom up: each may import those above it in this list and no others.

let settings: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny")]
/// For targets whose tests look inside: demo and tests share one release configuration.
let testable = settings + [.unsafeFlags(["-enable-testing"])]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

let package = Package(
    name: "cairn",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "cairn", targets: ["cairn"]),
        // For the package of benchmarks beside this one.
        .library(name: "LedgerEngine", targets: ["Ledger", "ContractKit", "LedgerStore", "Replica"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.1.1"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
    ],
    targets: [
        .target(name: "Ledger", dependencies: [crypto], swiftSettings: settings),
        .target(name: "ContractKit", dependencies: ["Ledger"], swiftSettings: settings),
        .target(
            name: "LedgerStore",
            dependencies: ["Ledger", "ContractKit", grdb, .product(name: "GRDBSQLite", package: "GRDB.swift")],
            swiftSettings: settings),
        .target(name: "Sequencing", dependencies: ["Ledger"], swiftSettings: settings),
        .target(name: "ChildProcesses", swiftSettings: settings),
        .target(
            name: "EtcdSequencing",
            dependencies: [
                "ChildProcesses", "Ledger", "Sequencing", httpClient,
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], swiftSettings: settings),
        .target(
            name: "Replica", dependencies: ["Ledger", "ContractKit", "LedgerStore", "Sequencing"],
            swiftSettings: settings),
        .target(
            name: "APIKit",
            dependencies: [
                crypto, log, .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .target(
            name: "Peers",
            dependencies: [
                "APIKit", "Ledger", "Replica", "Sequencing", crypto, httpClient, log, x509,
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], swiftSettings: testable),
        .target(name: "SignIn", dependencies: ["APIKit", "Ledger", crypto], swiftSettings: settings),
        .target(name: "Observability", dependencies: [log], swiftSettings: settings),
        .systemLibrary(
            name: "CMosquitto", pkgConfig: "libmosquitto",
            providers: [.apt(["libmosquitto-dev"]), .brew(["mosquitto"])]),
        .systemLibrary(
            name: "CQRencode", pkgConfig: "libqrencode",
            providers: [.apt(["libqrencode-dev"]), .brew(["qrencode"])]),
        .systemLibrary(
            name: "CModbus", pkgConfig: "libmodbus", providers: [.apt(["libmodbus-dev"]), .brew(["libmodbus"])]),
        .target(name: "EPCIS", dependencies: [crypto], swiftSettings: settings),
        .target(name: "SenML", dependencies: ["Ledger"], swiftSettings: settings),
        .target(name: "MQTT", dependencies: ["CMosquitto"], swiftSettings: settings),
        .target(name: "DeviceKit", dependencies: ["Ledger", "SenML", "MQTT", crypto], swiftSettings: settings),
        .target(name: "SimulationKit", swiftSettings: settings),
        .target(name: "Broker", dependencies: ["ChildProcesses", crypto, x509], swiftSettings: testable),
        .target(
            name: "ProjectionKit", dependencies: ["Ledger", "LedgerStore", "Replica", "SenML", grdb],
            swiftSettings: settings),
        .target(
            name: "NodeClient",
            dependencies: ["Ledger", httpClient, .product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: settings),
        .target(name: "Keys", dependencies: ["Ledger", crypto], swiftSettings: settings),
        .target(
            name: "KeyService",
            dependencies: ["Keys", "Ledger", "ContractKit", "LedgerStore", "Replica", "ProjectionKit", crypto, grdb],
            swiftSettings: settings),
        .target(
            name: "PersonalData", dependencies: ["Keys", "KeyService", "ContractKit", "Ledger", crypto, grdb],
            resources: [.copy("retention.json")], swiftSettings: settings),
        .target(
            name: "Gateway",
            dependencies: [
                "Ledger", "SenML", "MQTT", "DeviceKit", "NodeClient", grdb, httpClient, log,
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ], swiftSettings: settings),
        .target(
            name: "FieldInputs",
            dependencies: ["Ledger", "SenML", "MQTT", "DeviceKit", "Gateway", "CModbus", log], swiftSettings: testable),
        .target(
            name: "PortalKit", dependencies: ["CQRencode", .product(name: "Mustache", package: "swift-mustache")],
            resources: [.copy("Templates"), .copy("Assets")], swiftSettings: testable),
        .target(
            name: "AgriculturalTracingPages", dependencies: ["PortalKit"],
            path: "UseCases/AgriculturalTracing/Service", sources: ["Pages"], resources: [.copy("Templates")],
            swiftSettings: testable),
        .target(
            name: "AgriculturalTracingContract", dependencies: ["ContractKit"],
            path: "UseCases/AgriculturalTracing/Contract", swiftSettings: settings),
        .target(
            name: "EnergyTradingContract", dependencies: ["ContractKit"], path: "UseCases/EnergyTrading/Contract",
            swiftSettings: settings),
        .target(
            name: "EnergyTradingAgent", dependencies: ["EnergyTradingContract"], path: "UseCases/EnergyTrading/Agent",
            swiftSettings: settings),
        .target(name: "EnergyTradingMetering", path: "UseCases/EnergyTrading/Metering", swiftSettings: settings),
        .target(
            name: "EnergyTradingSimulator",
            dependencies: ["EnergyTradingMetering", "Ledger", "SenML", "MQTT", "DeviceKit", "SimulationKit"],
            path: "UseCases/EnergyTrading/Simulator", swiftSettings: settings),
        .target(
            name: "UseCaseKit",
            dependencies: [
                "Ledger", "ContractKit", "LedgerStore", "Replica", "ProjectionKit", "KeyService", "APIKit", "PortalKit",
                "DeviceKit", "Gateway",
                "MQTT", "Broker", "NodeClient", "Keys", "SenML",
                log,
            ], swiftSettings: settings),
        .target(
            name: "AutomatedParkingContract", dependencies: ["ContractKit"], path: "UseCases/AutomatedParking/Contract",
            swiftSettings: settings),
        .target(
            name: "AutomatedParkingGateway", dependencies: ["Ledger", "SenML", "DeviceKit", "Gateway", crypto],
            path: "UseCases/AutomatedParking/Gateway", swiftSettings: settings),
        .target(
            name: "AutomatedParkingSimulator",
            dependencies: ["AutomatedParkingGateway", "Ledger", "SenML", "MQTT", "DeviceKit", "SimulationKit", crypto],
            path: "UseCases/AutomatedParking/Simulator", swiftSettings: settings),
        .target(
            name: "AutomatedParkingService",
            dependencies: [
                "AutomatedParkingContract", "AutomatedParkingGateway", "AutomatedParkingSimulator", "UseCaseKit",
                "Gateway", crypto,
            ],
            path: "UseCases/AutomatedParking", sources: ["Service", "Scenario"], swiftSettings: settings),
        .target(
            name: "AgriculturalTracingSimulator",
            dependencies: ["Ledger", "SenML", "MQTT", "DeviceKit", "SimulationKit"],
            path: "UseCases/AgriculturalTracing/Simulator", swiftSettings: settings),
        .target(
            name: "AgriculturalTracingGateway",
            dependencies: ["AgriculturalTracingContract", "ContractKit", "Gateway", "Ledger", "SenML"],
            path: "UseCases/AgriculturalTracing/Gateway", swiftSettings: testable),
        .target(
            name: "AgriculturalTracingService",
            dependencies: [
                "AgriculturalTracingContract", "AgriculturalTracingGateway", "AgriculturalTracingPages",
                "AgriculturalTracingSimulator", "EPCIS",
                "UseCaseKit", "Gateway", "SimulationKit", crypto, httpClient,
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "UseCases/AgriculturalTracing", sources: ["Service/API", "Scenario"],
            swiftSettings: testable),
        .target(
            name: "EnergyTradingService",
            dependencies: [
                "EnergyTradingContract", "EnergyTradingAgent", "EnergyTradingMetering", "EnergyTradingSimulator",
                "UseCaseKit", crypto, log,
            ],
            path: "UseCases/EnergyTrading", sources: ["Service", "Scenario"], swiftSettings: settings),
        .target(
            name: "ChattelMortgageContract", dependencies: ["ContractKit"],
            path: "UseCases/ChattelMortgage/Contract", swiftSettings: settings),
        .target(
            name: "ChattelMortgageSimulator", dependencies: ["SenML", "MQTT", "DeviceKit"],
            path: "UseCases/ChattelMortgage/Simulator", swiftSettings: settings),
        .target(
            name: "ChattelMortgagePages", dependencies: ["PortalKit"],
            path: "UseCases/ChattelMortgage/Service", sources: ["Pages"],
            swiftSettings: testable),
        .target(
            name: "ChattelMortgageService",
            dependencies: [
                "ChattelMortgageContract", "ChattelMortgagePages", "ChattelMortgageSimulator", "UseCaseKit", "Gateway",
                "Ledger", "ContractKit", "LedgerStore", "Replica", "ProjectionKit", "KeyService", "APIKit", "PortalKit",
                "DeviceKit", "MQTT", "NodeClient", "SenML",
            ],
            path: "UseCases/ChattelMortgage", sources: ["Service/API", "Scenario", "Gateway"], swiftSettings: testable),
        .target(
            name: "FishFarmingContract", dependencies: ["ContractKit"], path: "UseCases/FishFarming/Contract",
            swiftSettings: settings),
        .target(
            name: "FishFarmingGateway", dependencies: ["Ledger", "SenML", "DeviceKit", "Gateway"],
            path: "UseCases/FishFarming/Gateway", swiftSettings: settings),
        .target(
            name: "FishFarmingSimulator",
            dependencies: ["FishFarmingGateway", "Ledger", "SenML", "MQTT", "DeviceKit"],
            path: "UseCases/FishFarming/Simulator", swiftSettings: settings),
        .target(
            name: "FishFarmingPages", dependencies: ["PortalKit"], path: "UseCases/FishFarming/Service",
            sources: ["Pages"], resources: [.copy("Templates")], swiftSettings: testable),
        .target(
            name: "FishFarmingService",
            dependencies: [
                "FishFarmingContract", "FishFarmingPages", "FishFarmingGateway", "FishFarmingSimulator", "UseCaseKit",
                "Gateway",
            ],
            path: "UseCases/FishFarming", sources: ["Service/API", "Scenario"], swiftSettings: settings),
        .target(
            name: "Node",
            dependencies: [
                "AgriculturalTracingService", "FishFarmingService", "ChattelMortgageService", "EnergyTradingService",
                "AutomatedParkingService",
                "UseCaseKit", "Broker", "DeviceKit", "Gateway",
                "FieldInputs", "MQTT",
                "NodeClient",
                "Ledger",
                "ContractKit", "LedgerStore", "Sequencing", "Replica", "ProjectionKit", "Keys", "KeyService",
                "PersonalData",
                "APIKit", "SignIn", "PortalKit", "EtcdSequencing", "Peers",
                "Observability", log,
            ], swiftSettings: settings),
        .executableTarget(
            name: "cairn",
            dependencies: [
                "Node", "NodeClient", "Keys", "KeyService", "UseCaseKit", "Gateway", "Broker", "DeviceKit", "MQTT",
                "SenML",
                "APIKit", "PortalKit",
                "Replica", "LedgerStore", "ContractKit", "Ledger", "EtcdSequencing", "ChildProcesses",
                "Observability", log, .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: settings),

        .target(
            name: "TestSupport", dependencies: ["Broker", "ContractKit", "EtcdSequencing", "Ledger"],
            path: "Tests/TestSupport"),
        .testTarget(name: "LedgerTests", dependencies: ["Ledger", "TestSupport", crypto]),
        .testTarget(name: "ContractKitTests", dependencies: ["ContractKit", "Ledger", "TestSupport"]),
        .testTarget(
            name: "ReplicaTests",
            dependencies: [
                "Replica", "Ledger", "LedgerStore", "Sequencing", "EtcdSequencing", "Broker", "ContractKit",
                "TestSupport", grdb,
            ]),
        .testTarget(
            name: "SequencingTests",
            dependencies: ["Sequencing", "EtcdSequencing", "Ledger", "Broker", "ChildProcesses", "TestSupport"]),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Replica", "Ledger", "LedgerStore", "Sequencing", "EtcdSequencing", "ContractKit", "TestSupport", grdb,
            ]),
        .testTarget(
            name: "PeersTests",
            dependencies: [
                "Peers", "APIKit", "ContractKit", "Ledger", "Replica", "Sequencing", crypto, log, x509,
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .testTarget(name: "EPCISTests", dependencies: ["EPCIS", "TestSupport"]),
        .testTarget(name: "SenMLTests", dependencies: ["SenML", "Ledger"]),
        .testTarget(
            name: "PersonalDataTests", dependencies: ["PersonalData", "Keys", "Ledger", "ContractKit", grdb]),
        .testTarget(name: "MQTTTests", dependencies: ["MQTT", "Broker"]),
        .testTarget(name: "DeviceKitTests", dependencies: ["DeviceKit", "Ledger", "MQTT", "SenML", crypto]),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Gateway", "Broker", "DeviceKit", "Ledger", "SenML", "MQTT", "AgriculturalTracingSimulator",
                "SimulationKit", "TestSupport",
                grdb, log,
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .testTarget(name: "FieldInputsTests", dependencies: ["FieldInputs", "CModbus", "TestSupport"]),
        .testTarget(
            name: "PortalKitTests", dependencies: ["PortalKit"], exclude: ["Snapshots"]),
        .testTarget(
            name: "AgriculturalTracingPagesTests", dependencies: ["AgriculturalTracingPages", "PortalKit"],
            exclude: ["Snapshots"]),
        .testTarget(
            name: "AgriculturalTracingContractTests",
            dependencies: [
                "AgriculturalTracingContract", "AgriculturalTracingGateway", "AgriculturalTracingService",
                "ContractKit", "EPCIS", "Ledger", "TestSupport",
            ],
            path: "UseCases/AgriculturalTracing/Tests"),
        .testTarget(
            name: "EnergyTradingTests",
            dependencies: [
                "EnergyTradingContract", "EnergyTradingAgent", "EnergyTradingMetering", "EnergyTradingSimulator",
                "SimulationKit", "ContractKit", "Ledger", "TestSupport",
            ],
            path: "UseCases/EnergyTrading/Tests"),
        .testTarget(
            name: "ChattelMortgageTests",
            dependencies: [
                "ChattelMortgageContract", "ChattelMortgagePages", "ChattelMortgageService", "ChattelMortgageSimulator",
                "ContractKit", "Gateway", "Ledger", "PortalKit", "TestSupport",
            ],
            path: "UseCases/ChattelMortgage/Tests"),
        .testTarget(
            name: "FishFarmingTests",
            dependencies: [
                "FishFarmingContract", "FishFarmingGateway", "FishFarmingSimulator", "FishFarmingPages", "PortalKit",
                "ContractKit", "Ledger", "TestSupport",
            ], path: "UseCases/FishFarming/Tests"),
        .testTarget(
            name: "AutomatedParkingTests",
            dependencies: [
                "AutomatedParkingContract", "AutomatedParkingGateway", "AutomatedParkingSimulator", "ContractKit",
                "Ledger", "TestSupport",
            ], path: "UseCases/AutomatedParking/Tests"),
        .testTarget(
            name: "NodeTests",
            dependencies: [
                "Node", "APIKit", "KeyService", "UseCaseKit", "Ledger", "NodeClient", "PersonalData", "Replica",
                httpClient, log,
                .product(name: "NIOCore", package: "swift-nio"),
            ]),
        .testTarget(name: "HouseTests"),
    ],
    swiftLanguageModes: [.v6]
)
