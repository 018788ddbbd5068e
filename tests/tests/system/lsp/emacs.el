;;; What a person does in Emacs, without the person: prints a line for each thing that was seen.  -*- lexical-binding: t -*-
;; Takes NOVA, NOVA_CACHE and NOVA_TREE from the environment; works from Emacs 28 with eglot 1.9 on.

(require 'package)
(package-initialize)
(require 'eglot)
(require 'imenu)

(defvar root (file-name-as-directory (getenv "NOVA_TREE")))

(defun say (what &rest parts)
  (princ (format "%s: %s\n" what (mapconcat (lambda (part) (format "%s" part)) parts " "))))

(defun place ()
  (format "%s %d" (file-name-nondirectory buffer-file-name) (line-number-at-pos)))

(defun wait-for (condition)
  "What comes in its own time is waited for."
  (with-timeout (20 nil)
    (let (seen)
      (while (not (setq seen (funcall condition)))
        (accept-process-output nil 0.02))
      seen)))

(defun found (name)
  "What a search of the workspace for this name shows first."
  (condition-case nil
      (save-window-excursion
        (xref-find-apropos name)
        (with-current-buffer "*xref*"
          (goto-char (point-min))
          (xref-next-line)
          (string-trim (buffer-substring-no-properties (line-beginning-position) (line-end-position)))))
    (user-error nil)))

(defun names (outline)
  "The names of an outline that lead somewhere, each once."
  (delete-dups
   (mapcan (lambda (entry)
             (cond ((listp (cdr entry)) (names (cdr entry)))
                   ((equal (car entry) "*Rescan*") nil)
                   (t (list (substring-no-properties (car entry))))))
           outline)))

(setq make-backup-files nil
      create-lockfiles nil
      xref-prompt-for-identifier nil
      eglot-sync-connect 20
      eglot-autoshutdown nil
      project-find-functions (list (lambda (_folder) (cons 'transient root))))
(setq-default eglot-workspace-configuration '((:nova . (:jdkSources "off"))))
(add-to-list 'eglot-server-programs
             (list 'java-mode (getenv "NOVA") "lsp" "--workers" "1" "--cache-dir" (getenv "NOVA_CACHE")))

(find-file (concat root "src/shapes/Shape.java"))
(apply #'eglot (eglot--guess-contact))
(say "managed" (eglot-managed-p))
(say "symbol" (wait-for (lambda () (found "Circle"))))

(apply #'say "outline" (names (imenu--make-index-alist t)))

(goto-char (point-min))
(search-forward "Helper helper")
(goto-char (match-beginning 0))
(let (documentation)
  (eglot-hover-eldoc-function (lambda (text &rest _) (setq documentation text)))
  (wait-for (lambda () documentation))
  (say "hover" (car (split-string (string-trim (substring-no-properties documentation)) "\n"))))
(save-window-excursion
  (xref-find-definitions (xref-backend-identifier-at-point (xref-find-backend)))
  (say "definition" (place)))

(set-buffer "Shape.java")
(goto-char (point-max))
(insert "class Saved {}\n")
(save-buffer)
(say "saved" (wait-for (lambda () (found "Saved"))))

(eglot-shutdown (eglot-current-server))
(say "ended" (not (eglot-managed-p)))
