//! What the user has set, in the editor's section `nova`. `settings.schema.json` beside this crate's manifest says the
//! same to editors.

use nova_router::Inclusion;
use serde::Deserialize;
use serde_json::Value;

/// The settings; what is not set is as by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Settings {
    /// The workspace's cache folder.
    pub(crate) cache_dir: Option<String>,
    /// How many workers to start.
    pub(crate) workers: Option<usize>,
    /// Whether to pass over what `.gitignore` and `.ignore` name, and over hidden folders.
    pub(crate) heed_ignore_files: Option<bool>,
    /// Folders where not to: their paths below any folder.
    pub(crate) include_ignored: Inclusion,
    /// Larger files are skipped, in bytes.
    pub(crate) max_file_size: Option<u64>,
    /// How many symbols a search of the workspace gives at most.
    pub(crate) symbol_limit: Option<usize>,
    /// Whether a running `nova serve` is asked.
    pub(crate) daemon: DaemonUse,
    /// The archive of the JDK's sources: its path, or `off`; without it, that of the JDK that there is.
    pub(crate) jdk_sources: Option<String>,
    /// Where the sources of other libraries are: `maven`, `gradle`, or paths of archives and of folders with archives.
    pub(crate) library_sources: Vec<String>,
}

/// What to do about `nova serve`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DaemonUse {
    /// Ask it if it is there.
    #[default]
    Attach,
    /// Start it if it is not.
    Start,
    /// Do without it.
    Never,
}

impl Settings {
    /// The settings in what an editor sends: the section itself, or something with it in it. What makes no sense
    /// is told, and the settings stay as they were.
    pub(crate) fn read(value: &Value) -> Result<Option<Self>, serde_json::Error> {
        let section = value.get("nova").unwrap_or(value);
        if section.is_null() {
            return Ok(None);
        }
        serde_json::from_value(section.clone()).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_section_is_found_where_editors_put_it() {
        let section = json!({ "workers": 3, "daemon": "never", "unknown": [] });
        let read = |value: Value| Settings::read(&value).unwrap();
        let settings = read(section.clone()).unwrap();
        assert_eq!((settings.workers, settings.daemon), (Some(3), DaemonUse::Never));
        assert_eq!(read(json!({ "nova": section })), Some(settings));
        assert_eq!(read(Value::Null), None);
        assert_eq!(read(json!({ "nova": null })), None);
        Settings::read(&json!({ "workers": "many" })).unwrap_err();
        let nowhere = Settings::read(&json!({ "includeIgnored": ["../a"] })).unwrap_err();
        assert!(nowhere.to_string().contains("no path below a folder"), "{nowhere}");
    }

    #[test]
    fn the_schema_names_just_these_settings() {
        let schema: Value = serde_json::from_str(include_str!("../settings.schema.json")).unwrap();
        let named = schema["properties"].as_object().unwrap().keys().cloned();
        let all = json!({
            "nova.cacheDir": 0, "nova.daemon": 0, "nova.heedIgnoreFiles": 0, "nova.includeIgnored": 0, "nova.jdkSources": 0,
            "nova.librarySources": 0, "nova.maxFileSize": 0, "nova.symbolLimit": 0, "nova.workers": 0,
        });
        assert_eq!(
            named.collect::<Vec<_>>(),
            all.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        );
    }
}
