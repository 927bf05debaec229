import Foundation

/// A folder that the build copied into PortalKit's resource bundle.
func resourceFolder(_ name: String) -> URL {
    (Bundle.module.resourceURL ?? Bundle.module.bundleURL).appending(path: name)
}
