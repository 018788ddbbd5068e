-- What a person does in Neovim, without the person: prints a line for each thing that was seen.
-- Takes NOVA, NOVA_CACHE and NOVA_TREE from the environment; works in every Neovim from 0.7 on.
local root = vim.env.NOVA_TREE
local shape = root .. '/src/shapes/Shape.java'

local function say(what, ...)
  io.stdout:write(what .. ': ' .. table.concat(vim.tbl_map(tostring, { ... }), ' ') .. '\n')
end

local client = vim.lsp.start_client({
  name = 'nova',
  cmd = { vim.env.NOVA, 'lsp', '--workers', '1', '--cache-dir', vim.env.NOVA_CACHE },
  root_dir = root,
  workspace_folders = { { name = root, uri = vim.uri_from_fname(root) } },
  init_options = { jdkSources = 'off' },
})

local function attach(file)
  vim.cmd('edit ' .. file)
  vim.lsp.buf_attach_client(0, client)
end

local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(0, method, params, 20000) or {}
  for _, answer in pairs(answers) do
    return answer.result
  end
end

local function found(query)
  local names = vim.tbl_map(function(symbol) return symbol.name end, ask('workspace/symbol', { query = query }) or {})
  return table.concat(names, ' ')
end

-- What comes in its own time is waited for.
local function becomes(query, expected)
  vim.wait(20000, function() return found(query) == expected end, 20)
  return found(query)
end

attach(shape)
vim.wait(20000, function() return vim.lsp.get_client_by_id(client).initialized end)
say('symbol', becomes('Circle', 'Circle'))

local document = { textDocument = vim.lsp.util.make_text_document_params() }
local outline = ask('textDocument/documentSymbol', document)
say('outline', outline[1].name, #outline[1].children)

vim.fn.search('Helper helper')
local definition = ask('textDocument/definition', vim.lsp.util.make_position_params(0, 'utf-16'))
say('definition', vim.fn.fnamemodify(vim.uri_to_fname(definition[1].uri), ':t'), definition[1].range.start.line)
local hover = ask('textDocument/hover', vim.lsp.util.make_position_params(0, 'utf-16'))
say('hover', vim.split(hover.contents.value, '\n')[2])

vim.api.nvim_buf_set_lines(0, -1, -1, false, { 'class Typed {}' })
say('typed', becomes('Typed', 'Typed'))
vim.cmd('undo')
say('undone', becomes('Typed', ''))

vim.api.nvim_buf_set_lines(0, -1, -1, false, { 'class Saved {}' })
vim.cmd('write')
vim.cmd('bdelete')
attach(root .. '/src/shapes/Circle.java')
say('saved', becomes('Saved', 'Saved'))

os.rename(shape, root .. '/src/shapes/Renamed.java')
say('renamed', becomes('path:Renamed Saved', 'Saved'))
os.remove(root .. '/src/shapes/Renamed.java')
say('removed', becomes('Saved', ''))

vim.lsp.stop_client(client)
vim.wait(20000, function() return vim.lsp.client_is_stopped(client) end, 20)
vim.cmd('qa!')
