//! The files of the web page.

use axum::body::Body;
use axum::http::Method;

use crate::support::World;

fn world_with_page() -> World {
    let world = World::new();
    let web = world.home.path().join("web");
    std::fs::create_dir_all(web.join("assets")).expect("a directory");
    std::fs::write(web.join("index.html"), "<!doctype html>").expect("written");
    std::fs::write(web.join("assets/app-1a2b.js"), "0").expect("written");
    std::fs::write(world.home.path().join("secret"), "not for the web").expect("written");
    world
}

#[tokio::test]
async fn the_page_is_served_to_everybody_under_a_strict_policy() {
    let world = world_with_page();
    let server = world.start_idle().await;
    let client = server.client();
    for path in ["/", "/claim", "/instances/web-1/console", "/index.html"] {
        let answer = client.get(path).await.expect_status(200);
        assert_eq!(answer.headers["content-type"], "text/html", "{path}");
        assert_eq!(answer.headers["cache-control"], "no-cache", "{path}");
        let policy = answer.headers["content-security-policy"]
            .to_str()
            .expect("a text");
        assert!(policy.contains("script-src 'self';"), "{policy}");
    }
    let script = client.get("/assets/app-1a2b.js").await.expect_status(200);
    assert!(
        script.headers["cache-control"]
            .to_str()
            .expect("a text")
            .contains("immutable")
    );
}

#[tokio::test]
async fn what_is_no_file_and_no_view_is_not_found() {
    let world = world_with_page();
    let server = world.start_idle().await;
    let client = server.claimed().await;
    for path in [
        "/assets/old-0000.js",
        "/api",
        "/api/v1",
        "/api/v2/health",
        "/api/v1/none",
    ] {
        client
            .get(path)
            .await
            .expect_status(404)
            .expect_problem("not_found");
    }
    for path in [
        "/..%2fsecret",
        "/../secret",
        "/%2e%2e/secret",
        "/assets/..%2f..%2fsecret",
    ] {
        let request = client.request(Method::GET, path);
        let answer = client.send(request, Body::empty()).await;
        assert!(
            answer.status == 404 || answer.headers["content-type"] == "text/html",
            "{path}: {answer:?}"
        );
    }
    let post = client
        .send(client.request(Method::POST, "/claim"), Body::empty())
        .await;
    post.expect_status(405).expect_problem("method_not_allowed");
}
