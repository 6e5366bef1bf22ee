// Package providertest starts the services that Lanyard is tested against.
//
// Most are real servers written by others, run as processes of their own on free loopback ports and ended with the
// test: [OIDC] (OAuth 2), [OAuth1], [Nginx] (Basic, API keys, redirects), [Versitygw] (AWS SigV4), [HTTPBin] (echo and
// slow answers). Their files are in testpeers/, which says where the software comes from; a test that needs one which
// is not installed is skipped, or fails when LANYARD_TEST_PEERS is "required".
//
// [Evil] is the exception: a provider of our own in the test's process, strict about what it is sent and free to answer
// anything at all, for the days that no honest server will produce. It shares no code with Lanyard, so that a mistake
// cannot agree with itself.
//
// [Imitate] starts one that behaves as a real OAuth 2 provider does where that is not what the RFC says.
//
// [SMTP] is a mail server, in the test's process too, that keeps what it is given.
//
// Everything listens on 127.0.0.1, which Lanyard refuses unless it is started with --allow-network 127.0.0.0/8.
package providertest
