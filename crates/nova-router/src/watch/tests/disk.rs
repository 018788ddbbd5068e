//! Real files and the system's events.

use std::fs;
use std::path::PathBuf;

use super::super::*;
use super::set;

/// A generous bound: on a loaded machine events take their time.
const PATIENCE: Duration = Duration::from_secs(30);

/// The system's own source, and the one for other systems.
fn sources() -> [Opener; 2] {
    [source::system(), source::portable()]
}

struct Tree {
    _place: tempfile::TempDir,
    root: PathBuf,
    watch: Watch,
}

impl Tree {
    async fn new(folders: &[&str]) -> Self {
        Self::with_source(source::system(), folders).await
    }

    async fn with_source(open: Opener, folders: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(place.path()).unwrap().join("root");
        let cookies = root.with_file_name("cookies");
        fs::create_dir(&root).unwrap();
        fs::create_dir(&cookies).unwrap();
        folders.iter().for_each(|folder| fs::create_dir_all(root.join(folder)).unwrap());
        let tree =
            Self { _place: place, watch: Watch::with_source(&cookies, open, Mounts::read), root };
        assert_eq!(tree.watch.take(), Changes::anything());
        tree.set_folders().await;
        tree.events_only();
        tree
    }

    fn events_only(&self) {
        assert_eq!(self.watch.mode(), WatchMode::Events);
    }

    /// Walks, as whoever uses it does; returns the folders that are to be listed again.
    async fn set_folders(&self) -> Vec<String> {
        let mut folders = BTreeSet::new();
        let mut rest = vec![self.root.clone()];
        while let Some(folder) = rest.pop() {
            folders.insert(path::to_bytes(&folder).into_owned());
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            let entries = entries.map(|entry| entry.unwrap().path());
            rest.extend(entries.filter(|path| path.is_dir() && !path.ends_with("ignored")));
        }
        let newly = self.watch.set_folders(folders, set([])).await;
        newly.iter().map(|path| self.relative(path)).collect()
    }

    fn relative(&self, path: &[u8]) -> String {
        let path = path::from_bytes(path);
        path.strip_prefix(&self.root).unwrap_or(&path).to_str().unwrap().to_owned()
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.at(path), text).unwrap();
    }

    /// What was told, once all that happened has been.
    async fn told(&self) -> Vec<String> {
        let fencing = async { while !self.watch.fence().await {} };
        timeout(PATIENCE, fencing).await.expect("a fence comes through within the time");
        let changes = self.watch.take();
        assert!(changes.is_complete);
        changes.paths.iter().map(|path| self.relative(path)).collect()
    }
}

#[tokio::test]
async fn what_happens_to_a_java_file_is_told() {
    for source in sources() {
        let tree = Tree::with_source(source, &["a"]).await;
        tree.write("a/A.java", "");
        tree.write("a/readme.md", "");
        assert_eq!(tree.told().await, ["a/A.java"]);
        tree.write("a/A.java", "class A {}");
        assert_eq!(tree.told().await, ["a/A.java"]);
        fs::File::open(tree.at("a/A.java")).unwrap();
        fs::read(tree.at("a/A.java")).unwrap();
        fs::read_dir(tree.at("a")).unwrap();
        assert!(tree.told().await.is_empty());
        fs::File::open(tree.at("a/A.java")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        assert_eq!(tree.told().await, ["a/A.java"]);
        let mut permissions = fs::metadata(tree.at("a/A.java")).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(tree.at("a/A.java"), permissions).unwrap();
        assert_eq!(tree.told().await, ["a/A.java"]);
        tree.write("a/A.java.tmp", "class A { int b; }");
        fs::rename(tree.at("a/A.java.tmp"), tree.at("a/A.java")).unwrap();
        assert_eq!(tree.told().await, ["a/A.java"]);
        fs::rename(tree.at("a/A.java"), tree.at("a/B.java")).unwrap();
        assert_eq!(tree.told().await, ["a/A.java", "a/B.java"]);
        fs::remove_file(tree.at("a/B.java")).unwrap();
        assert_eq!(tree.told().await, ["a/B.java"]);
        tree.write("a/.gitignore", "B.java");
        assert_eq!(tree.told().await, ["a/.gitignore"]);
    }
}

#[tokio::test]
async fn a_file_that_is_being_written_is_told_again_when_it_is_closed() {
    use std::io::Write;
    let tree = Tree::new(&[]).await;
    let mut file = fs::File::create(tree.at("A.java")).unwrap();
    assert_eq!(tree.told().await, ["A.java"]);
    file.write_all(b"class A {}").unwrap();
    assert_eq!(tree.told().await, ["A.java"]);
    drop(file);
    if cfg!(target_os = "linux") {
        assert_eq!(tree.told().await, ["A.java"]);
    }
}

#[tokio::test]
async fn names_need_not_be_unicode() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let tree = Tree::new(&[]).await;
    let name = path::from_bytes(b"\xff.java");
    fs::write(tree.root.join(&name), "").unwrap();
    let is_fenced = tree.watch.fence().await;
    let told = tree.watch.changes().await;
    assert!(is_fenced && told.paths.contains(&*path::to_bytes(&tree.root.join(name))));
}

#[tokio::test]
async fn a_new_folder_is_told_and_its_files_are_found_by_listing_it_again() {
    let tree = Tree::new(&[]).await;
    for round in 0..50 {
        let folder = format!("new{round}/deep");
        fs::create_dir_all(tree.at(&folder)).unwrap();
        tree.write(&format!("{folder}/A.java"), "");
        assert_eq!(tree.told().await, [format!("new{round}")]);
        let writing = {
            let file = tree.at(&format!("{folder}/B.java"));
            spawn_blocking(move || fs::write(file, "").unwrap())
        };
        let newly = tree.set_folders().await;
        assert_eq!(newly, [format!("new{round}"), folder.clone()]);
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for entry in fs::read_dir(tree.at(&folder)).unwrap() {
            seen.insert(format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()));
        }
        writing.await.unwrap();
        seen.extend(tree.told().await);
        assert_eq!(seen.len(), 2, "{seen:?}");
    }
}

#[tokio::test]
async fn a_renamed_folder_is_told_by_both_names_and_watched_under_the_new_one() {
    for source in sources() {
        let tree = Tree::with_source(source, &["a/b"]).await;
        tree.write("a/b/A.java", "");
        tree.told().await;
        fs::rename(tree.at("a"), tree.at("c")).unwrap();
        assert_eq!(tree.told().await, ["a", "c"]);
        assert_eq!(tree.set_folders().await, ["c", "c/b"]);
        tree.write("c/b/A.java", "class A {}");
        assert_eq!(tree.told().await, ["c/b/A.java"]);
        // Seen by a walk before any event of it.
        for round in 0..50 {
            let (from, to) = if round % 2 == 0 { ("c", "d") } else { ("d", "c") };
            fs::rename(tree.at(from), tree.at(to)).unwrap();
            tree.set_folders().await;
            tree.told().await;
            tree.set_folders().await;
            tree.write(&format!("{to}/b/A.java"), "class A {}");
            assert_eq!(tree.told().await, [format!("{to}/b/A.java")]);
        }
    }
}

#[tokio::test]
async fn a_folder_that_is_deleted_and_made_again_is_watched_again() {
    for source in sources() {
        let tree = Tree::with_source(source, &["a/b"]).await;
        for round in 0..50 {
            fs::remove_dir_all(tree.at("a")).unwrap();
            fs::create_dir_all(tree.at("a/b")).unwrap();
            let mut newly = BTreeSet::new();
            if round % 2 == 0 {
                // Perhaps before its events, which then concern the new one: it is lost, and given anew.
                newly.extend(tree.set_folders().await);
            }
            let told = tree.told().await;
            assert!(told.contains(&"a".to_owned()), "{told:?}");
            newly.extend(tree.set_folders().await);
            assert_eq!(newly, ["a", "a/b"].map(str::to_owned).into());
            tree.write("a/b/A.java", "");
            assert_eq!(tree.told().await, ["a/b/A.java"]);
        }
    }
}

#[tokio::test]
async fn a_root_that_vanishes_and_comes_back_is_noticed() {
    let tree = Tree::new(&[]).await;
    let away = tree.root.with_file_name("away");
    fs::rename(&tree.root, &away).unwrap();
    let changes = timeout(PATIENCE, tree.watch.changes()).await.unwrap();
    assert!(!changes.is_empty());
    tree.set_folders().await;
    tree.watch.take();
    fs::rename(&away, &tree.root).unwrap();
    let changes = timeout(PATIENCE, tree.watch.changes()).await.unwrap();
    assert!(!changes.is_complete);
    assert_eq!(tree.set_folders().await, [""]);
    tree.write("A.java", "");
    assert_eq!(tree.told().await, ["A.java"]);
}

#[tokio::test]
async fn ignored_folders_have_no_watch() {
    let tree = Tree::new(&["ignored"]).await;
    tree.write("ignored/A.java", "");
    tree.write("B.java", "");
    assert_eq!(tree.told().await, ["B.java"]);
}

#[tokio::test]
async fn of_an_archives_folder_only_the_archive_is_told() {
    let tree = Tree::new(&["lib"]).await;
    let archive = path::to_bytes(&tree.at("lib/src.zip")).into_owned();
    tree.watch.set_folders(set([]), BTreeSet::from([archive])).await;
    tree.write("lib/A.java", "");
    tree.write("lib/other.zip", "");
    tree.write("lib/src.zip.new", "");
    assert!(tree.told().await.is_empty());
    fs::rename(tree.at("lib/src.zip.new"), tree.at("lib/src.zip")).unwrap();
    assert_eq!(tree.told().await, ["lib/src.zip"]);
}

#[tokio::test]
async fn thousands_of_files_are_few_batches_and_none_is_missed() {
    let folders: Vec<String> = (0..50).map(|number| format!("f{number}")).collect();
    let tree = Tree::new(&folders.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let expected: BTreeSet<PathBuf> =
        (0..5000).map(|number| tree.at(&format!("f{}/A{number}.java", number % 50))).collect();
    let files = expected.clone();
    let writing = spawn_blocking(move || {
        files.iter().for_each(|file| fs::write(file, "class A {}").unwrap());
    });
    let (mut told, mut batches) = (BTreeSet::new(), 0);
    let reading = async {
        while told.len() < expected.len() {
            let changes = tree.watch.changes().await;
            assert!(changes.is_complete);
            told.extend(changes.paths.iter().map(|path| path::from_bytes(path)));
            batches += 1;
        }
    };
    timeout(PATIENCE, reading).await.expect("all are told within the time");
    writing.await.unwrap();
    assert_eq!(told, expected);
    assert!(batches <= 200, "{batches}");
}

#[tokio::test]
async fn after_a_fence_every_earlier_write_is_there() {
    for source in sources() {
        let tree = Tree::with_source(source, &["a", "b"]).await;
        for round in 0..200 {
            let file = if round % 2 == 0 { "a/A.java" } else { "b/B.java" };
            tree.write(file, &round.to_string());
            assert_eq!(tree.told().await, [file], "round {round}");
        }
        let cookies = fs::read_dir(tree.watch.ledger.cookies.folder()).unwrap().count();
        assert_eq!(cookies, 0);
    }
}

#[tokio::test]
async fn fences_do_not_wait_for_each_other() {
    let tree = Tree::new(&[]).await;
    tree.write("A.java", "");
    let fence = || tree.watch.fence();
    let fences = async { tokio::join!(fence(), fence(), fence(), fence()) };
    assert_eq!(timeout(PATIENCE, fences).await.unwrap(), (true, true, true, true));
    assert_eq!(tree.watch.take().paths.len(), 1);
}

#[tokio::test]
async fn a_fence_fails_at_once_while_cookies_are_not_seen() {
    let place = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(place.path()).unwrap();
    let cookies = root.join("cookies");
    let watch = Watch::start(&cookies);
    // Too late to be watched.
    fs::create_dir(&cookies).unwrap();
    let start = Instant::now();
    assert!(!watch.fence().await);
    assert!(start.elapsed() < FENCE_TIMEOUT);
    assert_eq!(watch.take(), Changes::anything());
    // From here on it is.
    watch.set_folders(BTreeSet::from([path::to_bytes(&root).into_owned()]), set([])).await;
    assert!(timeout(PATIENCE, async { while !watch.fence().await {} }).await.is_ok());
    fs::write(root.join("A.java"), "").unwrap();
    assert_eq!(timeout(PATIENCE, watch.changes()).await.unwrap().paths.len(), 1);
}

#[tokio::test]
async fn nothing_is_left_of_a_dropped_watcher() {
    let tree = Tree::new(&["a"]).await;
    let ledger = Arc::downgrade(&tree.watch.ledger);
    drop(tree);
    // The thread holds on to it until it ends.
    let ending = async {
        while ledger.strong_count() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, ending).await.expect("the thread ends within the time");
}

#[tokio::test]
async fn an_overflow_of_the_systems_queue_is_told() {
    const LIMIT: &str = "/proc/sys/fs/inotify/max_queued_events";
    let Ok(limit) = fs::read_to_string(LIMIT) else { return };
    let events: usize = limit.trim().parse().unwrap();
    let tree = Tree::new(&[]).await;
    {
        // Whoever holds this holds the source's thread up.
        let _state = tree.watch.ledger.state();
        let (a, b) = (tree.at("A.java"), tree.at("B.java"));
        // Events that are like the one before count once.
        for _ in 0..events {
            fs::write(&a, "").unwrap();
            fs::write(&b, "").unwrap();
        }
    }
    // The gap comes last in the queue.
    let hearing = async { while tree.watch.changes().await.is_complete {} };
    timeout(PATIENCE, hearing).await.expect("the gap is told within the time");
    tree.told().await;
    tree.write("A.java", "");
    assert_eq!(tree.told().await, ["A.java"]);
}
