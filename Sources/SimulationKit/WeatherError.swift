/// What keeps a year of weather from being read, and what to do about it.
public struct WeatherError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
