import ResourceAPI
import Testing

@testable import SourceControl

@Suite("Repository URLs")
struct RepositoryURLTests {
    @Test(
        "folders, file, https, ssh and scp-like URLs are read",
        arguments: [
            ("/srv/git/ml.git", "/srv/git/ml.git"), ("ml.git/", "/home/ada/ml.git"),
            (".", "/home/ada"), ("./a/b:c", "/home/ada/a/b:c"), ("../x", "/home/ada/../x"),
            ("file:///srv/a%20b", "/srv/a b"), ("file://localhost/srv", "/srv"),
            ("https://Example.org/ml.git", "https://example.org/ml.git"),
            ("https://example.org:8443/a%20b", "https://example.org:8443/a%20b"),
            ("https://[::1]:8443/a", "https://[::1]:8443/a"),
            ("ssh://git@example.org/srv/ml.git", "ssh://git@example.org/srv/ml.git"),
            ("ssh://git@example.org:2222/~/ml.git", "ssh://git@example.org:2222/~/ml.git"),
            ("git@example.org:team/ml.git", "ssh://git@example.org/~/team/ml.git"),
            ("git@example.org:/srv/ml.git", "ssh://git@example.org/srv/ml.git"),
        ])
    func good(text: String, expected: String) throws {
        let url = try RepositoryURL(text, relativeTo: "/home/ada")
        #expect(url.text == expected)
        #expect(url.description == expected)
        // What the child is given means the same to it.
        #expect(try RepositoryURL(url.text) == RepositoryURL(location: url.location))
    }

    @Test("credentials of an https URL are kept out of every description")
    func credentials() throws {
        let url = try RepositoryURL("https://ada:s%3Acret@example.org/ml.git")
        #expect(url.credentials == GitCredentials(username: "ada", password: "s:cret"))
        #expect(url.text == "https://example.org/ml.git")
        let texts = [
            "\(url)", String(reflecting: url), "\(String(describing: url.credentials))", url.text,
        ]
        var dumped = ""
        dump(url, to: &dumped)
        for text in texts + [dumped] {
            #expect(!text.contains("cret"))
            #expect(!text.contains("ada"))
        }
    }

    @Test(
        "everything else is refused, with a whole message and without credentials",
        arguments: [
            ("", "cannot use '': it is empty"),
            ("--upload-pack=touch /tmp/p", "it starts with '-'"),
            ("ext::sh -c id", "'ext::' is not supported"),
            ("http://h/x", "'http' is not supported"),
            ("git://h/x", "'git' is not supported"),
            ("socks5://x;id", "'socks5' is not supported"),
            ("http://u:secret@h/x", "cannot use 'http://…@h/x': 'http' is not supported"),
            ("ssh://-oProxyCommand=x/y", "its host name is missing or has characters"),
            ("-oProxyCommand=x:y", "it starts with '-'"),
            ("ssh://u@-x/y", "its host name is missing or has characters"),
            ("ssh://-u@h/y", "its user name has characters"),
            ("ssh://u:secret@h/y", "cannot use 'ssh://…@h/y': passwords are not supported"),
            ("ssh://h/';id;'", "its path has characters"),
            ("git@h:-x", "its path has characters"),
            ("git@h:", "it names no repository"),
            ("https://h", "it names no repository"),
            ("https:///x", "its host name is missing"),
            ("https://h/%0aHost:x", "its path has characters"),
            ("https://h/a\nb", "it has control characters"),
            ("https://h/a?b", "its path has characters"),
            ("https://h:0/a", "its port is not a number"),
            ("https://h:99999999999999999999/a", "its port is not a number"),
            ("https://h:+1/a", "its port is not a number"),
            ("https://secret@h:x/a", "cannot use 'https://…@h:x/a': its port"),
            ("file://host/x", "a file URL has three slashes"),
            ("file:///a%00", "it has a bad percent escape"),
        ])
    func bad(text: String, part: String) async {
        let said = await message { _ = try RepositoryURL(text, relativeTo: "/") }
        #expect(said.contains(part))
        #expect(!said.contains("secret"))
        #expect(
            said.hasSuffix(
                "\nhint: write a folder, file:///folder, https://host/path, ssh://user@host/path "
                    + "or user@host:path"))
    }
}
