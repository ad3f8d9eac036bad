package org.ingestimage.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;

import org.junit.jupiter.api.Test;

class AllowedUrlHostsTest {

    private static String problem(String pattern, String url) {
        return new AllowedUrlHosts(List.of(AllowedUrlHosts.pattern(pattern))).problem(url);
    }

    @Test
    void withoutHostsTheyAreOff() {
        AllowedUrlHosts hosts = new AllowedUrlHosts(List.of());
        assertTrue(hosts.isOff());
        assertTrue(hosts.problem("https://images.example.org/").contains("[ingest.image.url_hosts]"));
    }

    @Test
    void hostsAndPortsAreNamed() {
        for (String url : List.of("https://images.example.org/a?b", "HTTP://IMAGES.example.org./", "https://images.example.org:443")) {
            assertNull(problem("Images.example.org", url), url);
        }
        for (String url : List.of("https://images.example.org:8443/", "http://images.example.org:443/", "https://images.example.org.evil.test/")) {
            assertTrue(problem("images.example.org", url).contains("does not name it"), url);
        }
        assertNull(problem("images.example.org:8443", "https://images.example.org:8443/"));
        assertNotNull(problem("images.example.org:8443", "https://images.example.org/"));
        assertNull(problem("*.example.org", "https://a.b.example.org/"));
        assertNotNull(problem("*.example.org", "https://example.org/"));
        assertNotNull(problem("*.example.org", "https://badexample.org/"));
        assertNull(problem("*", "https://anything.test/"));
        assertNotNull(problem("*", "https://anything.test:81/"));
        assertNull(problem("*:81", "http://anything.test:81/"));
        assertNull(problem("[::1]:81", "http://[::1]:81/"));
        assertNotNull(problem("[::1]", "http://[::2]/"));
    }

    @Test
    void whatIsNoPlainAddressIsRefusedAndNotRepeated() {
        for (String url : new String[] {
            "",
            "hunter2",
            "//images.example.org/hunter2",
            "ftp://images.example.org/hunter2",
            "file:///hunter2",
            "https:///hunter2",
            "https:images.example.org/hunter2",
            "https://user:hunter2@images.example.org/",
            "https://images.example.org@127.0.0.1/hunter2",
            "https://images.example.org\\@127.0.0.1/hunter2",
            "https://images.example.org/ hunter2",
            "https://images.example.org/\nhunter2",
            "https://im ages.example.org/",
            "https://bücher.example.org/" }) {
            String problem = problem("*", url);
            assertNotNull(problem, url);
            assertFalse(problem.contains("hunter2"), problem);
        }
    }

    @Test
    void wrongPatternsAreRefused() {
        for (String wrong : List.of("https://a.test", "a.test/x", "a*.test", "a.test:0", "a b", "", "*.*", "a..b", "[x]")) {
            String message = assertThrows(IllegalArgumentException.class, () -> AllowedUrlHosts.pattern(wrong), wrong).getMessage();
            assertTrue(message.contains("ingest.image.url_hosts"), message);
        }
        assertEquals("a.test", AllowedUrlHosts.pattern(" A.test"));
    }
}
