/// JSON Schema of the parts of APDS 4 that are served: element names, types and what is required as in its `RateTable`,
/// `RateLineCollection`, `RateLine` and `PaginatedListMeta` (github.com/parkingdata/spec, api/models).
enum RateTableSchema {
    static let page = """
        {"type": "object", "required": ["meta", "data"], "properties": {
          "meta": {"type": "object", "required": ["referenceInstant", "offset", "pageSize", "total"], "properties": {
            "referenceInstant": {"type": "integer", "minimum": 0}, "offset": {"type": "integer", "minimum": 0},
            "pageSize": {"type": "integer", "minimum": 0}, "total": {"type": "integer", "minimum": 0}}},
          "data": {"type": "array", "items": \(table)}}}
        """

    static let table = """
        {"type": "object",
         "required": ["id", "version", "rateTableName", "validityStart", "activeTimes", "availability", "rateLineCollections"],
         "properties": {
          "id": {"type": "string", "minLength": 1}, "version": {"type": "integer", "minimum": 1},
          "rateTableName": {"type": "array", "minItems": 1, "items": {
            "type": "object", "required": ["language", "string"], "properties": {
              "language": {"type": "string", "pattern": "^[a-z]{2}$"}, "string": {"type": "string"}}}},
          "validityStart": {"type": "string", "format": "date-time"},
          "activeTimes": {"type": "array", "minItems": 1, "items": \(duration)},
          "availability": {"type": "string", "enum": ["private", "public", "restricted"]},
          "rateLineCollections": {"type": "array", "minItems": 1, "items": \(collection)}}}
        """

    private static let collection = """
        {"type": "object",
         "required": ["applicableCurrency", "collectionSequence", "minTime", "maxTime", "relativeTimes", "resetTime",
                      "taxIncluded", "validStart", "validEnd", "rateLines"],
         "properties": {
          "applicableCurrency": {"type": "string", "pattern": "^[A-Z]{3}$"},
          "collectionSequence": {"type": "integer", "minimum": 1}, "minTime": \(duration), "maxTime": \(duration),
          "minValueCollection": {"type": "number"}, "maxValueCollection": {"type": "number"},
          "relativeTimes": {"type": "boolean"}, "resetTime": {"type": "string", "format": "time"},
          "taxIncluded": {"type": "boolean"}, "taxRate": {"type": "number", "minimum": 0, "maximum": 100},
          "validStart": {"type": "string", "format": "date-time"},
          "validEnd": {"type": "string", "format": "date-time"},
          "rateLines": {"type": "array", "minItems": 1, "items": \(line)}}}
        """

    private static let line = """
        {"type": "object", "required": ["rateLineType", "sequence", "value"], "properties": {
          "description": {"type": "string"}, "durationStart": \(duration), "durationEnd": \(duration),
          "incrementPeriod": \(duration),
          "rateLineType": {"type": "string", "enum": ["flatRate", "flatRateTier", "incrementingRate"]},
          "sequence": {"type": "integer", "minimum": 1}, "value": {"type": "number"}}}
        """

    /// ISO 8601.
    private static let duration = """
        {"type": "string", "pattern": "^P(?!$)(\\\\d+Y)?(\\\\d+M)?(\\\\d+W)?(\\\\d+D)?(T(?=\\\\d)(\\\\d+H)?(\\\\d+M)?(\\\\d+S)?)?$"}
        """
}
